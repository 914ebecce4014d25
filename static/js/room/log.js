// The list of a room: where a message belongs, the day line above it, and whether it has a head of its own.

import { isGrouped } from "./grouping.js";
import { isGap, make } from "../markup.js";
import { mentionsMe } from "../me.js";
import { dayOf, wordsFor } from "../times.js";
import { placeByNumber } from "../thread/tree.js";

export class Log {
  #list;

  /** `list` is the ol. */
  constructor(list) {
    this.#list = list;
  }

  /** Messages that the server has, in order. */
  get messages() {
    return [...this.#list.querySelectorAll(":scope > .msg[data-number]")];
  }

  /** The one below, or null. */
  after(message) {
    const { messages } = this;
    return messages[messages.indexOf(message) + 1] ?? null;
  }

  /** The one above, or null. */
  before(message) {
    const { messages } = this;
    return messages[messages.indexOf(message) - 1] ?? null;
  }

  /** Puts a message where its number belongs, with its day line and grouping, and those of the one after it. */
  insert(message) {
    const { messages } = this;
    const numbers = messages.map(({ dataset }) => ({ number: Number(dataset.number) }));
    const place = placeByNumber(numbers, { number: Number(message.dataset.number) });
    if (place > 0) messages[place - 1].after(message);
    else if (messages.length) this.lineBefore(messages[0]).before(message);
    else this.#list.insertBefore(message, this.#list.querySelector(":scope > .msg:not([data-number])"));
    const none = this.#list.querySelector("[data-empty]");
    if (none) none.hidden = true;
    this.mark(message);
    this.group(message);
    this.group(this.after(message));
  }

  /** Whether it is meant for me. */
  mark(message) {
    message.classList.toggle("tome", mentionsMe(message.dataset.mentions));
  }

  /** Draws the day line above a message and hides or shows its head, from what stands before it. */
  group(message) {
    if (!message?.isConnected) return;
    const all = [...this.#list.querySelectorAll(":scope > .msg")];
    const before = all[all.indexOf(message) - 1] ?? null;
    const own = facts(message);
    const previous = before && facts(before);
    this.#drawDay(message, own, previous);
    const afterLine = message.previousElementSibling?.matches(".new") ?? false;
    message.toggleAttribute("data-grouped", !afterLine && isGrouped(own, previous));
  }

  #drawDay(message, own, previous) {
    const line = this.#dayLineOf(message);
    const begins = previous === null ? line !== null || !this.#list.querySelector(".earlier") : own.day !== previous.day;
    if (!begins) {
      line?.remove();
    } else if (line) {
      const time = line.querySelector("time");
      if (time.getAttribute("datetime") !== own.day) time.replaceWith(dayTime(own.day));
    } else {
      this.lineBefore(message).before(make("li", { class: "day" }, make("div", { class: "line" }, dayTime(own.day))));
    }
  }

  /** The first of the lines (day, unread) that belong to a message, else the message. */
  lineBefore(message) {
    let first = message;
    while (first.previousElementSibling?.matches(".day, .new")) first = first.previousElementSibling;
    return first;
  }

  #dayLineOf(message) {
    for (let line = message.previousElementSibling; line?.matches(".day, .new"); line = line.previousElementSibling) {
      if (line.matches(".day")) return line;
    }
    return null;
  }

  /** Takes away the day lines that nothing stands below. */
  dropEmptyDays() {
    for (const line of this.#list.querySelectorAll(":scope > .day")) {
      let next = line.nextElementSibling;
      while (next?.matches(".new")) next = next.nextElementSibling;
      if (!next || next.matches(".day")) line.remove();
    }
  }
}

/** What grouping looks at. */
function facts(message) {
  const { author, byline, at, reply } = message.dataset;
  return {
    author: author ? `member ${author}` : byline ? `byline ${byline}` : null,
    at: Date.parse(at),
    day: dayOf(at),
    reply: reply !== undefined,
    gap: isGap(message),
  };
}

function dayTime(day) {
  return make("time", { datetime: day, "data-as": "day" }, wordsFor(day, "day", Date.now()));
}
