// <forum-composer>: takes over a form with a textarea. The text is never lost: it stays in the page until the server has
// answered 2xx, and in this browser's storage meanwhile (draft.js).

import { assertive, polite } from "../announce.js";
import { Closing } from "./closing.js";
import { Draft } from "./draft.js";
import { format } from "./formatting.js";
import { measure, over } from "./length.js";
import { sayTyping } from "../wire.js";
import { elements, focusOn, make } from "../markup.js";
import { Mentions } from "./mentions.js";
import { Preview } from "./preview.js";
import { Problem } from "./problem.js";
import { Subject } from "./subject.js";
import { FRAGMENT, Refused, newKey, send } from "../requests.js";
import { answered } from "../updates.js";
import { BROKEN, EDITING, EMPTY, NO_TITLE, SIGNED_OUT, tooLong } from "../words.js";

const TYPING_EVERY_MS = 3_000;
/** What is pressed again so soon after it was sent is the second half of a double click. */
const AGAIN_WITHIN_MS = 1_000;
/** The code of a key that goes to an input method: Safari says of its last one that nothing is being composed. */
const TO_INPUT_METHOD = 229;

class ForumComposer extends HTMLElement {
  #form;
  #area;
  #mentions;
  #preview;
  #problem;
  #draft;
  #subject;
  #closing;
  #sending = false;
  #typedAt = -Infinity;
  #takenAt = -Infinity;
  #ends = [];
  #closed = false;
  /** What had the focus before something in here had it. */
  #cameFrom = null;
  /** What the composer held before a message of mine was opened in it for an edit. */
  #before = null;

  connectedCallback() {
    if (this.#form) return this.#listen();
    this.#form = this.querySelector("form");
    this.#area = this.#form?.querySelector("textarea");
    if (!this.#area) return undefined;
    this.#mentions = new Mentions(this.#area, this.dataset.network);
    this.#problem = new Problem(this, this.#area);
    this.#subject = new Subject(this, this.#area, (sentence) => this.#editedIsGone(sentence));
    this.#closing = new Closing(this, (sentence) => this.#close(sentence));
    this.#preview = new Preview(this, this.#area, (sentence) => this.#problem.say(sentence));
    this.#draft = new Draft(this.dataset.draft, this.#form.elements, {
      isOpen: () => !this.#before && !this.#closed,
      isSending: () => this.#sending,
      kept: (kept) => this.#showKept(kept),
      taken: () => this.#taken(),
    });
    this.#form.noValidate = true;
    for (const control of this.querySelectorAll("button[data-act]")) control.hidden = false;
    this.#draft.restore("edits" in this.dataset || "begins" in this.dataset);
    this.#area.addEventListener("input", () => this.#written());
    this.#title?.addEventListener("input", () => this.#closed || this.#problem.say(null));
    this.#area.addEventListener("keydown", (event) => this.#key(event));
    this.#form.addEventListener("submit", (event) => this.#submitted(event));
    this.addEventListener("click", (event) => this.#pressed(event));
    this.addEventListener("focusin", ({ relatedTarget }) => {
      if (!this.contains(relatedTarget)) this.#cameFrom = relatedTarget;
      this.#fold();
    });
    this.addEventListener("focusout", () => requestAnimationFrame(() => this.#fold()));
    this.#fold();
    this.#count();
    return this.#listen();
  }

  disconnectedCallback() {
    this.#draft.save();
    for (const end of this.#ends.splice(0)) end();
  }

  #listen() {
    const onSignedOut = () => this.text && this.#problem.say(SIGNED_OUT);
    const onHide = () => this.#draft.save();
    document.addEventListener("forum:signed-out", onSignedOut);
    addEventListener("pagehide", onHide);
    this.#ends.push(
      this.#draft.listen(),
      this.#subject.listen(),
      this.#closing.listen(),
      () => document.removeEventListener("forum:signed-out", onSignedOut),
      () => removeEventListener("pagehide", onHide),
    );
  }

  /** Of a new thread. */
  get #title() {
    return this.#form.elements.title;
  }

  // For others

  get text() {
    return this.#area.value;
  }

  /** Whether this browser keeps what is written: not of a message that was opened here for an edit. */
  get isKept() {
    return this.#draft.isKept;
  }

  /** Locked, or what it edits has gone. */
  get isClosed() {
    return this.#closed;
  }

  /** Unfolds, and puts the focus at the end of the text. */
  open() {
    this.classList.remove("folded");
    this.#area.focus();
    this.#area.setSelectionRange(this.#area.value.length, this.#area.value.length);
    this.scrollIntoView({ block: "nearest" });
  }

  /** Puts a quote by reference before the text. */
  quote(id) {
    const reference = `> [#${id}]`;
    if (!this.#area.value.includes(reference)) this.#write(`${reference}\n\n${this.#area.value}`);
  }

  /** Names what is answered: {id, name, author}, or null for nothing. An edit that has changed something is ended first. */
  answer(target) {
    if (this.#before && target !== null) {
      if (this.#area.value !== this.#before.edited) return this.#subject.note(EDITING);
      this.#leaveEdit();
    }
    this.#subject.answer(target);
    if (target !== null) this.#area.focus();
    return undefined;
  }

  /** Opens an edit of a message of mine here: {url, ref, body, key, version}. What was being written comes back afterwards. */
  edit({ url, ref, body, key, version }) {
    this.#before = { action: this.#form.action, body: this.#area.value, key: this.#form.elements.key.value, edited: body };
    this.#form.action = url;
    this.#form.elements.key.value = key ?? newKey();
    this.dataset.edits = ref;
    if (version) this.#form.append(make("input", { type: "hidden", name: "version", value: version }));
    this.#write(body);
    this.open();
    polite("You edit your last message. Escape leaves the edit.");
  }

  /** Says why a message that was handed over was not taken. */
  refuse(refused) {
    this.#refused(refused);
  }

  // Draft

  #written() {
    this.#draft.written();
    this.#problem.say(null);
    this.#count();
    this.#preview.close();
    const room = this.closest("forum-room");
    if (room && !this.#before && this.#area.value && performance.now() - this.#typedAt > TYPING_EVERY_MS) {
      this.#typedAt = performance.now();
      sayTyping(`room:${room.dataset.room}`);
    }
  }

  /** Another tab has gone on with the draft, or posted it. */
  #taken() {
    this.#count();
    this.#preview.close();
    this.#fold();
  }

  #showKept(kept) {
    const place = this.querySelector("[data-kept]");
    if (place) place.hidden = !kept;
  }

  /** The server has it. */
  #clear() {
    this.#takenAt = performance.now();
    if (this.#before) {
      this.#draft.stoodAside();
      this.#leaveEdit();
      return;
    }
    this.#draft.posted();
    this.#problem.say(null);
    this.#count();
    this.#preview.close();
  }

  #leaveEdit() {
    const { action, body, key } = this.#before;
    this.#before = null;
    delete this.dataset.edits;
    this.#form.elements.version?.remove();
    this.#form.action = action;
    this.#form.elements.key.value = key;
    this.#write(body);
    this.#problem.say(null);
    this.#subject.note(null);
  }

  #write(text) {
    this.#area.value = text;
    this.#area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Sending

  #submitted(event) {
    // Another button of the form (preview without script) has an address of its own.
    if (event.submitter?.dataset.act === "preview") {
      event.preventDefault();
      return this.#preview.toggle(event.submitter);
    }
    event.preventDefault();
    return this.#send();
  }

  async #send() {
    const body = this.#area.value;
    if (this.#sending || this.#closed) return;
    if (this.#title?.value.trim() === "") return this.#lacksTitle(NO_TITLE);
    if (!body.trim()) return performance.now() - this.#takenAt < AGAIN_WITHIN_MS ? undefined : this.#problem.say(EMPTY);
    if (over(this.#area) > 0) return this.#problem.say(tooLong(over(this.#area), this.dataset.kind !== "message"));
    if (!this.#before && this.#handOver(body)) return;
    this.#sending = true;
    this.#draft.sends();
    // What is written while it is on its way would go with it.
    this.#area.readOnly = true;
    const button = this.#form.querySelector('button:not([type="button"]):not([data-act])');
    const words = button?.innerHTML;
    if (button?.dataset.busy) button.textContent = button.dataset.busy;
    button?.setAttribute("aria-disabled", "true");
    const key = this.#form.elements.key.value;
    try {
      const { response, html } = await send(this.#form.action, new FormData(this.#form), key);
      this.#done(response, html);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#refused(error);
    } finally {
      this.#sending = false;
      this.#area.readOnly = this.#closed;
      button?.removeAttribute("aria-disabled");
      if (button?.dataset.busy) button.innerHTML = this.#problem.sentence ? "Try again" : words;
    }
  }

  /** Lets a room take the message: it shows it at once and sends in order. */
  #handOver(body) {
    const detail = { body, reply_to: this.#form.elements.reply_to?.value ?? "" };
    const taken = !this.dispatchEvent(new CustomEvent("forum:send", { bubbles: true, cancelable: true, detail }));
    if (taken) {
      this.#clear();
      if (this.#form.elements.reply_to) this.answer(null);
      this.#area.focus();
    }
    return taken;
  }

  #done(response, html) {
    const inline = this.#before !== null;
    const { kind } = this.dataset;
    const id = response.headers.get("Forum-Id");
    if (!response.headers.get("Content-Type")?.startsWith(FRAGMENT) && response.redirected) {
      this.#clear();
      location.href = response.url;
      return;
    }
    const place = this.closest("forum-thread");
    this.#clear();
    if (response.status === 202) {
      const [note] = elements(html);
      if (kind === "thread") location.href = note.querySelector("a").href;
      else this.#subject.note(note);
      return;
    }
    if (inline) {
      answered("message.edited", response, html);
    } else if (kind === "post" && place) {
      answered("post.created", response, html);
      if (this.parentElement.matches(".post, .opening")) this.remove();
      else this.blurAll();
      place.posted(id);
    } else {
      const [noun] = (this.dataset.edits ?? (kind === "thread" ? "thread" : "post")).split("-");
      location.href = `/${noun}s/${id}`;
    }
  }

  blurAll() {
    this.#area.blur();
    this.#fold();
  }

  #refused(refused) {
    this.#problem.refused(refused, (status, problem) => this.#wrong(status, problem));
  }

  #wrong(status, problem) {
    const isAnother = this.#draft.isAnother || "Idempotency-Key" in (problem.errors ?? {});
    if (status === 422 && isAnother && !problem.errors?.body) {
      // From here or from another tab.
      this.#draft.renew();
      this.#problem.say("Your earlier text did arrive. Send again to post this one as well.");
      return;
    }
    this.#draft.refused();
    const [[field, sentence] = []] = Object.entries(problem.errors ?? {});
    if (field === "title" && this.#title) return this.#lacksTitle(sentence);
    this.#problem.say(sentence ?? problem.detail ?? BROKEN);
    this.#problem.pointTo(Number(problem.line));
  }

  #lacksTitle(sentence) {
    this.#problem.say(sentence, this.#title);
    assertive(sentence);
    this.#title.focus();
  }

  // Keys and buttons

  #key(event) {
    if (event.isComposing || event.keyCode === TO_INPUT_METHOD) return;
    if (this.#mentions.key(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey || (this.#entersSend() && !event.shiftKey && !event.altKey))) {
      event.preventDefault();
      if (!event.repeat) this.#form.requestSubmit();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.#escape();
    } else if (event.key === "ArrowUp" && !this.#area.value && this.dataset.kind === "message") {
      this.dispatchEvent(new CustomEvent("forum:edit-last", { bubbles: true }));
    }
  }

  #entersSend() {
    return (
      this.dataset.kind === "message" &&
      document.documentElement.dataset.enter !== "line" &&
      !matchMedia("(pointer: coarse)").matches
    );
  }

  #escape() {
    if (this.#before) {
      this.#leaveEdit();
    } else if (this.dataset.kind === "message") {
      this.dispatchEvent(new CustomEvent("forum:to-end", { bubbles: true }));
    } else {
      this.#draft.save();
      this.dispatchEvent(new CustomEvent("forum:close"));
      this.blurAll();
      if (document.activeElement === document.body && this.#cameFrom?.checkVisibility()) focusOn(this.#cameFrom, {});
    }
  }

  #pressed(event) {
    const act = event.target.closest("button[data-act]")?.dataset.act;
    if (!act || act === "preview") {
      const button = event.target.closest("button");
      if (act && button.type === "button") this.#preview.toggle(button);
    } else if (act === "close") {
      if (!this.#form.elements.reply_to) return this.#escape();
      this.answer(null);
      this.#area.focus();
    } else {
      format(this.#area, act);
    }
    return undefined;
  }

  #fold() {
    if (!("folds" in this.dataset)) return;
    this.classList.toggle("folded", !this.#area.value && !this.contains(document.activeElement));
  }

  #count() {
    measure(this.#area, this.querySelector("[data-counter]"));
  }

  #editedIsGone(sentence) {
    if (this.#before) {
      this.#leaveEdit();
    } else {
      this.#draft.forget();
      this.#closed = true;
      this.#area.readOnly = true;
      this.#preview.close();
      for (const control of this.#form.querySelectorAll("button")) control.disabled = true;
    }
    this.#subject.note(sentence);
  }

  /** Takes nothing more, for this reason; null: it does again. What was written stays. */
  #close(sentence) {
    this.#draft.save();
    this.#closed = sentence !== null;
    this.#area.readOnly = this.#closed;
    for (const control of this.#form.querySelectorAll("button")) control.disabled = this.#closed;
    this.classList.toggle("locked", this.#closed);
    this.#problem.say(sentence);
    if (sentence) polite(sentence);
  }
}

customElements.define("forum-composer", ForumComposer);
