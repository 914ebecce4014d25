// What I have read: at least half in view for a second. Sent in batches, the last one as the page goes.

import { tell } from "../requests.js";
import { has, add } from "./ranges.js";

const SEEN_FOR_MS = 1_000;
const SEND_EVERY_MS = 5_000;
const STEPS = Array.from({ length: 21 }, (_, step) => step / 20);

/** Half of it is visible, or, where it is taller than the window, it fills half of that. */
function isInView({ intersectionRatio, intersectionRect, rootBounds }) {
  return intersectionRatio >= 0.5 || intersectionRect.height >= (rootBounds?.height ?? innerHeight) / 2;
}

/** Watches elements that carry a number, and reports the numbers that were read to `url`. */
export class Reading {
  #url;
  #read;
  #onSeen;
  #observer;
  #inView = new Map();
  #waiting = new Set();
  #timer = null;

  /** `onSeen(element)` is called for each one that has come into view, before it counts as read. */
  constructor(url, ranges, onSeen) {
    this.#url = url;
    this.#read = ranges;
    this.#onSeen = onSeen;
    this.#observer = new IntersectionObserver((entries) => this.#look(entries), { threshold: STEPS });
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#leave() : this.#again()));
    addEventListener("pagehide", () => this.#leave());
  }

  isRead(number) {
    return has(this.#read, number);
  }

  watch(element) {
    this.#observer.observe(element);
  }

  unwatch(element) {
    this.#observer.unobserve(element);
    this.#forget(element);
  }

  #look(entries) {
    for (const entry of entries) {
      if (!isInView(entry) || document.hidden) {
        this.#forget(entry.target);
      } else if (!this.#inView.has(entry.target)) {
        this.#onSeen(entry.target);
        this.#inView.set(
          entry.target,
          setTimeout(() => this.#note(entry.target), SEEN_FOR_MS),
        );
      }
    }
  }

  #forget(element) {
    clearTimeout(this.#inView.get(element));
    this.#inView.delete(element);
  }

  #note(element) {
    this.#observer.unobserve(element);
    this.#inView.delete(element);
    const number = Number(element.dataset.number);
    this.#read = add(this.#read, number);
    this.#waiting.add(number);
    this.#timer ??= setTimeout(() => this.#send(), SEND_EVERY_MS);
  }

  #take() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const numbers = [...this.#waiting];
    this.#waiting.clear();
    return numbers;
  }

  async #send() {
    const numbers = this.#take();
    if (!numbers.length || (await tell(this.#url, { numbers: numbers.join(",") }))) return;
    for (const number of numbers) this.#waiting.add(number);
    this.#timer ??= setTimeout(() => this.#send(), SEND_EVERY_MS * 2);
  }

  #leave() {
    for (const element of [...this.#inView.keys()]) this.#forget(element);
    this.#send();
  }

  /** The observer only speaks when something crosses a line: what stands in view after a pause is looked at anew. */
  #again() {
    for (const entry of this.#observer.takeRecords()) this.#look([entry]);
    const unread = [...document.querySelectorAll("[data-number]")].filter((element) => element.matches(".unread"));
    for (const element of unread) {
      this.#observer.unobserve(element);
      if (!this.isRead(Number(element.dataset.number))) this.#observer.observe(element);
    }
  }
}
