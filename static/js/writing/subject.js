// What a text is about: what it answers, quotes or edits, and what becomes of that while somebody writes.

import { polite } from "../announce.js";
import { fateOf, isGap } from "../markup.js";
import { onUpdate } from "../updates.js";

const QUOTE = /^>\s*\[#(\d+)\]/gm;

export class Subject {
  #composer;
  #area;
  #editedIsGone;

  /** `editedIsGone(sentence)`: there is nothing left that could be edited. */
  constructor(composer, area, editedIsGone) {
    this.#composer = composer;
    this.#area = area;
    this.#editedIsGone = editedIsGone;
  }

  /** Hears what becomes of it. Returns the function that ends that. */
  listen() {
    return onUpdate((frame) => this.#hear(frame));
  }

  get #field() {
    const { parent, reply_to } = this.#area.form.elements;
    return parent ?? reply_to;
  }

  /** Names what is answered: {id, name, author}, or null for nothing. */
  answer(target) {
    this.#field.value = target?.id ?? "";
    const to = this.#composer.querySelector(".to");
    if (to) {
      to.hidden = target === null;
      const name = to.querySelector("[data-to-name]");
      name.textContent = target?.name ?? "";
      if (target?.author) name.dataset.name = target.author;
      else delete name.dataset.name;
    }
    this.note(null);
  }

  /** Says a sentence beside the text, or what an element says; null: nothing more. */
  note(sentence) {
    const place = this.#composer.querySelector("[data-note]");
    if (!place) return;
    place.hidden = !sentence;
    place.replaceChildren(...(sentence ? (sentence.childNodes ?? [sentence]) : []));
    if (sentence) polite(place.textContent);
  }

  #hear(frame) {
    const [noun, happened] = (frame.kind ?? "").split(".");
    if ((noun !== "post" && noun !== "message") || happened === "created") return;
    const gone = frame.gone || !frame.node || isGap(frame.node);
    const fate = fateOf(frame.node);
    const { edits, version } = this.#composer.dataset;
    if (edits === `${noun}-${frame.id}`) {
      if (gone) this.#editedIsGone(`The ${noun} has been ${fate}.`);
      else if (frame.type === "update" && Number(version ?? 0) < frame.version) this.note("It was edited since you opened it here.");
      return;
    }
    const answers = Number(this.#field?.value) === frame.id;
    const quotes = noun === "post" && [...this.#area.value.matchAll(QUOTE)].some(([, id]) => Number(id) === frame.id);
    if (answers && gone) this.#answeredIsGone(noun, fate);
    if (answers) this.note(gone ? `The ${noun} that you answer has been ${fate}. Your draft is kept.` : `The ${noun} that you answer was edited.`);
    else if (quotes) this.note(gone ? `A post that you quote has been ${fate}: the quote will be empty.` : "A post that you quote was edited.");
  }

  #answeredIsGone(noun, fate) {
    const name = this.#composer.querySelector("[data-to-name]");
    if (name) {
      name.textContent = `a ${fate} ${noun}`;
      delete name.dataset.name;
    }
  }
}
