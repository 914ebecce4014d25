// "… is looking at this report too": each moderator's screen says which case it has open, as long as somebody looks.

import { me } from "../me.js";
import { onUpdate } from "../updates.js";
import { sayLooking } from "../wire.js";

const SAY_EVERY_MS = 5_000;
const SHOWN_FOR_MS = 12_000;

export class Looking {
  #root;
  #case = null;
  #timer;
  #end;
  /** Who looks at the open case: id → {name, until}. */
  #others = new Map();

  constructor(root) {
    this.#root = root;
    this.#end = onUpdate((frame) => this.#take(frame));
    this.#timer = setInterval(() => this.#tick(), SAY_EVERY_MS);
  }

  /** This case is open now, or none. */
  at(open) {
    const id = open?.dataset.case ?? null;
    if (id !== this.#case?.dataset.case) this.#others.clear();
    this.#case = open;
    this.#tick();
  }

  stop() {
    clearInterval(this.#timer);
    this.#end();
  }

  #tick() {
    this.#draw();
    if (this.#case === null || document.hidden) return;
    sayLooking(`moderators:${this.#case.dataset.network}`, Number(this.#case.dataset.case));
  }

  #take({ type, about, member, name }) {
    if (type !== "typing" || String(about) !== this.#case?.dataset.case || String(member) === me()) return;
    this.#others.set(member, { name, until: performance.now() + SHOWN_FOR_MS });
    this.#draw();
  }

  #draw() {
    for (const [member, { until }] of this.#others) if (until < performance.now()) this.#others.delete(member);
    const place = this.#root.querySelector("[data-looking]");
    if (!place) return;
    const names = [...this.#others.values()].map(({ name }) => name);
    place.hidden = names.length === 0;
    const words = names.length > 2 ? "Several moderators are" : names.length === 2 ? `${names[0]} and ${names[1]} are` : `${names[0]} is`;
    place.querySelector("span").textContent = names.length ? `${words} looking at this report too.` : "";
  }
}
