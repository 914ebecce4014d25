// <forum-toast>: what was just done, and a way back, for 20 seconds; longer while it is looked at.

import { polite } from "./announce.js";
import { make } from "./markup.js";
import { Refused, send } from "./requests.js";
import { answered, landed } from "./updates.js";
import { NOT_LOADED } from "./words.js";

const SHOWN_FOR_MS = 20_000;

/** Shows a toast; `undo` is the address that takes the act back by POST, `kind` what its answer then is. */
export function toast(words, undo = null, kind = "post.restored") {
  document.querySelector("forum-toast")?.show(words, undo, kind);
}

class ForumToast extends HTMLElement {
  #timer = null;
  #held = false;

  connectedCallback() {
    for (const type of ["pointerenter", "focusin"]) this.addEventListener(type, () => (this.#held = true));
    for (const type of ["pointerleave", "focusout"]) {
      this.addEventListener(type, () => {
        this.#held = this.matches(":hover, :focus-within");
        if (!this.#held && this.#timer === null) this.#wait();
      });
    }
    // One that the page brought: its act was a plain form.
    const brought = this.querySelector(".toast");
    const undo = brought?.dataset.undo;
    if (brought) this.show(brought.querySelector("span")?.textContent ?? "", undo, undo?.startsWith("/messages/") ? "message.restored" : "post.restored");
  }

  show(words, undo, kind) {
    const box = make("div", { class: "toast" }, make("span", {}, words));
    if (undo) {
      const button = make("button", { type: "button" }, "Undo");
      button.addEventListener("click", () => this.#undo(button, undo, kind));
      box.append(button);
    }
    this.replaceChildren(box);
    polite(words);
    this.#wait();
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (!this.#held) this.replaceChildren();
    }, SHOWN_FOR_MS);
  }

  async #undo(button, undo, kind) {
    button.disabled = true;
    try {
      const { response, html } = await send(undo, {});
      answered(kind, response, html);
      this.replaceChildren();
      landed(kind, response);
      polite("Undone.");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      button.disabled = false;
      if (document.activeElement === document.body) button.focus();
      this.querySelector("span").textContent = error.problem.detail ?? NOT_LOADED;
    }
  }
}

customElements.define("forum-toast", ForumToast);
