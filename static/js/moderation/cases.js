// The list of cases that are open: rows come, change and go in place, it is read on where few are left, and counted.

import { focusOn, takeOut } from "../markup.js";
import { clean } from "../references.js";
import { Refused, page } from "../requests.js";
import { badge } from "../words.js";

/** With fewer rows than this a list that goes on is read on. */
const FEW = 10;
/** The server counts no further. While the list goes on, what is open is what it counted, and what came and went since. */
const COUNTED_TO = 100;

export class Cases {
  /** The element: `open` is the case beside the list, or null. */
  #root;
  #changed;
  #total;
  /** Whether the list begins with the first open case: then its rows are all that are open, unless it goes on. */
  #fromHead;
  #refilling = null;
  /** What came while the list is being read anew: the page that comes may have been drawn before it. */
  #meanwhile = [];

  /** `changed` is called when rows have come or gone. */
  constructor(root, changed) {
    this.#root = root;
    this.#changed = changed;
    this.#total = Number(root.dataset.total) || 0;
    this.#fromHead = root.dataset.state === "open" && !new URLSearchParams(location.search).has("after");
  }

  get rows() {
    return [...this.#root.querySelectorAll(".cases > .rep")];
  }

  /** The row of a case, or null. */
  rowOf(id) {
    return this.#root.querySelector(`#case-${id}`);
  }

  /** How many are open. */
  get total() {
    return this.#total;
  }

  /** Does to the list what came live, and once more to the one that is being read. */
  take(frame) {
    if (this.#refilling) this.#meanwhile.push(frame);
    this.#row(frame);
  }

  #row(frame) {
    const shown = this.rowOf(frame.id);
    if (frame.gone || !frame.node) {
      if (shown) this.drop(shown);
    } else if (shown) {
      const fresh = frame.node.cloneNode(true);
      const focused = shown.contains(document.activeElement);
      shown.replaceWith(fresh);
      if (focused) focusOn(fresh.querySelector("a"));
    } else {
      this.#insert(frame.node.cloneNode(true));
      this.count(1);
    }
    this.mark();
    this.#changed();
  }

  /** Where it belongs: urgent ones first, then by their age. Beyond the end of a list that goes on, it waits there. */
  #insert(row) {
    const list = this.#root.querySelector(".cases");
    const key = ({ dataset }) => `${dataset.later} ${dataset.opened} ${dataset.case.padStart(20, "0")}`;
    const next = this.rows.find((other) => key(other) > key(row));
    if (next) next.before(row);
    else if (!this.#goesOn) list.append(row);
  }

  /** Takes a row out. Focus goes to its neighbour. */
  drop(row) {
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    takeOut(row, neighbour?.querySelector("a"));
    this.count(-1);
    this.refill();
  }

  get #goesOn() {
    return this.#root.querySelector(".list [rel=next]") !== null;
  }

  /** Reads a list that goes on anew, once few of its rows are left. */
  refill() {
    if (this.#goesOn && this.rows.length < FEW) this.#refilling ??= this.#readOn().finally(() => (this.#refilling = null));
    return this.#refilling;
  }

  async #readOn() {
    this.#meanwhile = [];
    try {
      const fresh = (await page(this.#root.dataset.at)).querySelector("forum-queue");
      const list = fresh?.querySelector(".list");
      if (!list) return;
      clean(list);
      const focused = document.activeElement?.closest(".rep")?.id;
      this.#root.querySelector(".list").replaceChildren(...list.childNodes);
      this.#total = Number(fresh.dataset.total) || 0;
      this.#fromHead = true;
      const read = this.rows.length;
      for (const frame of this.#meanwhile) this.#row(frame);
      this.count();
      this.mark();
      this.#changed();
      if (this.rows.length < Math.min(read, FEW) && this.#goesOn) await this.#readOn();
      if (focused) document.getElementById(focused)?.querySelector("a").focus({ preventScroll: true });
    } catch (error) {
      // The next decision tries again; "More" is there all the while.
      if (!(error instanceof Refused)) throw error;
    }
  }

  /** One more (1), one less (-1), or as many as there are now. */
  count(by = 0) {
    if (this.#fromHead && !this.#goesOn) this.#total = this.rows.length;
    else if (this.#total < COUNTED_TO) this.#total = Math.max(0, this.#total + by);
    for (const place of this.#root.querySelectorAll("[data-count]")) place.textContent = this.#total ? badge(this.#total) : "";
    this.#root.querySelector("[data-empty]").hidden = this.rows.length > 0 || this.#root.open !== null;
  }

  /** Marks the row of the case that is open. */
  mark() {
    const id = this.#root.open?.dataset.case;
    for (const row of this.rows) {
      const now = row.dataset.case === id;
      row.classList.toggle("now", now);
      row.querySelector("h2 a").toggleAttribute("aria-current", now);
      if (now) row.querySelector("h2 a").setAttribute("aria-current", "true");
    }
  }
}
