// The list of people under a text that is being written: "@ru" → "@Ruth Castellane". Focus stays in the textarea.

import { polite } from "../announce.js";
import { make } from "../markup.js";
import { json } from "../requests.js";
import { counted } from "../words.js";

const PAUSE_MS = 150;
const ASKED = /(?:^|[\s(])@([\p{L}\p{M}'’.-]+(?: [\p{L}\p{M}'’.-]*)?)$/u;

let lists = 0;

export class Mentions {
  #area;
  #network;
  #list = null;
  #people = [];
  #chosen = 0;
  #timer = null;
  #asking = null;

  constructor(area, network) {
    this.#area = area;
    this.#network = network;
    area.setAttribute("aria-autocomplete", "list");
    area.addEventListener("input", () => this.#look());
    area.addEventListener("blur", () => setTimeout(() => this.close(), PAUSE_MS));
  }

  get isOpen() {
    return this.#list !== null;
  }

  /** Takes a key while the list is open; returns whether it was meant for it. */
  key(event) {
    if (!this.isOpen) return false;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) this.#choose((this.#chosen + steps[event.key] + this.#people.length) % this.#people.length);
    else if (event.key === "Enter" || event.key === "Tab") this.#take(this.#people[this.#chosen]);
    else if (event.key === "Escape") this.close();
    else return false;
    return true;
  }

  close() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#list?.remove();
    this.#list = null;
    for (const name of ["aria-controls", "aria-activedescendant"]) this.#area.removeAttribute(name);
  }

  #asked() {
    return this.#area.value.slice(0, this.#area.selectionStart).match(ASKED)?.[1] ?? null;
  }

  #look() {
    clearTimeout(this.#timer);
    if (this.#asked() === null) this.close();
    else this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
  }

  async #ask() {
    const asked = this.#asked();
    // Where there is no network, as between two, nobody is to be mentioned.
    if (asked === null || !this.#network) return;
    this.#asking?.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    let people;
    try {
      ({ people } = await json(`/people?${new URLSearchParams({ network: this.#network, q: asked })}`, signal));
    } catch {
      // Without the list a name can still be written out.
      return;
    }
    if (signal.aborted || this.#asked() !== asked) return;
    this.#show(people);
  }

  #show(people) {
    this.close();
    if (!people.length) return;
    this.#people = people;
    lists += 1;
    const id = `mentions-${lists}`;
    this.#list = make("ul", { class: "mentions", role: "listbox", id, "aria-label": "People" });
    for (const [at, person] of people.entries()) {
      const row = make("li", { role: "option", id: `${id}-${at}` }, make("strong", {}, person.name), make("small", {}, person.role ?? ""));
      row.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        this.#take(person);
      });
      this.#list.append(row);
    }
    this.#area.after(this.#list);
    this.#area.setAttribute("aria-controls", id);
    this.#choose(0);
    polite(`${counted(people.length, "person", "people")}. ${people[0].name}.`);
  }

  #choose(at) {
    this.#chosen = at;
    for (const [index, row] of [...this.#list.children].entries()) row.setAttribute("aria-selected", String(index === at));
    this.#area.setAttribute("aria-activedescendant", this.#list.children[at].id);
    this.#list.children[at].scrollIntoView({ block: "nearest" });
  }

  #take(person) {
    const { selectionStart: end } = this.#area;
    const start = end - (this.#asked()?.length ?? 0);
    this.#area.setRangeText(`${person.mention ?? person.name} `, start, end, "end");
    this.close();
    this.#area.dispatchEvent(new Event("input", { bubbles: true }));
    this.close();
  }
}
