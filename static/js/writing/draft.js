// What stands in a composer and has not been posted: kept in this browser's storage, with the key under which it is sent
// again. Another tab that shows the same draft has it too: what stands there as it was kept grows with it, and goes with it.

import * as drafts from "../drafts.js";
import { newKey } from "../requests.js";

const SAVE_AFTER_MS = 300;

export class Draft {
  #name;
  #area;
  #key;
  /** What is kept beside the text: the title of a new thread, and where else it is held. */
  #beside;
  #on;
  #timer = null;
  /** Something was written or sent here since it was last kept or read: another tab may have it otherwise. */
  #isAhead = false;
  /** The text as it was first sent under the present key; null: it was not. */
  #sent = null;

  /**
   * Of a form with a field `body` and its `key`, and perhaps `title` and `with`. `on` is {isOpen() → whether the field holds this draft, and takes words;
   * isSending(); kept(boolean); taken()}: `taken` after the text came from another tab. Without a name nothing is kept.
   */
  constructor(name, { body, key, title, with: others }, on) {
    this.#name = name;
    this.#area = body;
    this.#key = key;
    this.#beside = { title, others: others === undefined ? [] : "length" in others ? [...others] : [others] };
    this.#on = on;
    for (const field of [title, ...this.#beside.others]) field?.addEventListener("input", () => this.written());
  }

  /**
   * Puts what is kept into the field, before what was written there until the script ran. What a page that was answered with
   * an error brings counts for more, unless `overText`; so does what was written into it.
   */
  restore(overText) {
    const { value, defaultValue } = this.#area;
    const written = value === defaultValue ? "" : value;
    const kept = drafts.load(this.#name);
    const isBare = this.#isBare;
    if ((kept?.body || kept?.title) && (!defaultValue || (overText && !written))) {
      this.#take({ ...kept, body: kept.body ? goneOn(kept.body, written) : value });
      if (isBare) this.#takeBeside(kept);
    }
    if (written || !isBare) this.written();
  }

  /** Listens to other tabs; returns what ends it. */
  listen() {
    return this.#name ? drafts.onElsewhere(this.#name, (before, now) => this.#elsewhere(before, now)) : () => {};
  }

  /** Something was written: it is kept in a moment. */
  written() {
    this.#isAhead = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  save() {
    clearTimeout(this.#timer);
    if (!this.#isAhead || !this.#name || !this.#on.isOpen()) return;
    this.#isAhead = false;
    const body = this.#area.value;
    if ((!body || body === this.#area.defaultValue) && this.#isBare) {
      if (this.#sent === null) drafts.drop(this.#name);
      this.#on.kept(false);
      return;
    }
    const draft = { body, key: this.#key.value, sent: this.#sent, at: Date.now() };
    this.#on.kept(drafts.save(this.#name, { ...draft, ...this.#written }));
  }

  /** What stands beside the text now; nothing, of a form that has the text alone. */
  get #written() {
    const { title, others } = this.#beside;
    return title ? { title: title.value, with: others.filter(({ checked }) => checked).map(({ value }) => value) } : {};
  }

  /** Whether nothing but the text was written: the rest is as the page brought it. */
  get #isBare() {
    const { title, others } = this.#beside;
    return (title?.value ?? "") === (title?.defaultValue ?? "") && others.every((box) => box.checked === box.defaultChecked);
  }

  /** Whether it would be there again after a reload. */
  get isKept() {
    this.save();
    const kept = drafts.load(this.#name);
    return this.#on.isOpen() && kept?.body === this.#area.value && (kept.title ?? "") === (this.#beside.title?.value ?? "");
  }

  /** It goes out: what was first sent under a key is remembered with it. */
  sends() {
    this.#sent ??= this.#area.value;
    this.#isAhead = true;
    this.save();
  }

  /** Whether this is another text than was sent under the present key. */
  get isAnother() {
    return this.#sent !== null && this.#sent !== this.#area.value;
  }

  /** It was refused: nothing stands under its key. */
  refused() {
    this.#sent = null;
    this.#isAhead = true;
  }

  /** The key belongs to a text that did arrive: this is another. */
  renew() {
    this.#key.value = newKey();
    this.refused();
    this.save();
  }

  /** The server has it: nothing of it is kept here. */
  posted() {
    this.#settle();
    drafts.drop(this.#name, this.#area.value);
    this.#empty();
    this.#area.value = "";
  }

  /** What stood in its place for a while, a message opened for an edit, is done: nothing of that was kept. */
  stoodAside() {
    this.#settle();
    this.#sent = null;
  }

  /** What it is about has gone: so does it, here and in what the page brought. */
  forget() {
    drafts.drop(this.#name);
    this.#area.value = this.#area.defaultValue = "";
  }

  #settle() {
    clearTimeout(this.#timer);
    this.#isAhead = false;
  }

  #take({ body, key, sent }) {
    this.#area.value = body;
    this.#sent = sent ?? null;
    if (key) this.#key.value = key;
    this.#on.kept(true);
  }

  /** Of a draft, or of none: then it is as the page brought it. */
  #takeBeside({ title, with: chosen } = {}) {
    const { title: field, others } = this.#beside;
    if (field) field.value = title ?? field.defaultValue;
    for (const box of others) box.checked = chosen?.includes(box.value) ?? box.defaultChecked;
  }

  #empty() {
    this.#sent = null;
    this.#key.value = newKey();
    this.#area.value = this.#area.defaultValue;
    this.#takeBeside();
    this.#on.kept(false);
  }

  #elsewhere(before, now) {
    if (this.#isAhead || this.#on.isSending() || !this.#on.isOpen()) return;
    const { value, defaultValue } = this.#area;
    if (value !== (before?.body ?? defaultValue)) return;
    // Another text took the place of this one, which is kept nowhere else now.
    this.#isAhead = now !== null && !now.body.startsWith(value);
    if (this.#isAhead) return;
    if (now === null) {
      this.#empty();
    } else {
      this.#take(now);
      this.#takeBeside(now);
    }
    this.#on.taken();
  }
}

/** What is kept and what was written: once where one goes on with the other, as after a reload that put back what stood there. */
function goneOn(kept, written) {
  if (kept.startsWith(written)) return kept;
  return written.startsWith(kept) ? written : `${kept}\n\n${written}`;
}
