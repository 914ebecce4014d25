// Who is writing, by their name: said for a few seconds, and no longer once their message is there.

import { me } from "../me.js";
import { typing } from "../words.js";

const FOR_MS = 6_000;

export class Typing {
  #room;
  /** Member → {name, until}. */
  #members = new Map();

  /** `room` is the element that the words stand in. */
  constructor(room) {
    this.#room = room;
  }

  /** Somebody writes. */
  typed({ member, name }) {
    if (String(member) === me()) return;
    this.#members.set(String(member), { name, until: performance.now() + FOR_MS });
    this.#draw();
    setTimeout(() => this.#draw(), FOR_MS + 50);
  }

  /** What they wrote has come. */
  stop(member) {
    if (this.#members.delete(member)) this.#draw();
  }

  #draw() {
    const now = performance.now();
    for (const [member, { until }] of this.#members) if (until <= now) this.#members.delete(member);
    const words = typing([...this.#members.values()].map(({ name }) => name));
    for (const place of this.#room.querySelectorAll(".typing > *")) place.hidden = !words;
    const place = this.#room.querySelector("[data-typing]");
    if (place) place.textContent = words;
  }
}
