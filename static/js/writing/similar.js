// <forum-similar>: under the title of a new thread, the threads that are like it, while the title is being written.
// The server draws them; without them, or without script, a thread is begun all the same.

import { rated } from "../announce.js";
import { elements } from "../markup.js";
import { clean } from "../references.js";
import { Refused, fragment } from "../requests.js";
import { counted } from "../words.js";

const PAUSE_MS = 400;
const SAY_EVERY_MS = 5_000;

class ForumSimilar extends HTMLElement {
  #field = null;
  #timer = null;
  #asked = "";

  connectedCallback() {
    if (this.#field) return;
    this.#field = document.getElementById(this.dataset.of);
    this.#field?.addEventListener("input", () => this.#written());
  }

  #written() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
  }

  async #ask() {
    const title = this.#field.value.trim();
    if (title === this.#asked) return;
    this.#asked = title;
    let html;
    try {
      html = await fragment(`${this.dataset.url}?${new URLSearchParams({ title })}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return;
    }
    if (this.#asked === title) this.#show(html);
  }

  #show(html) {
    const before = this.textContent;
    this.replaceChildren(...elements(html));
    clean(this);
    const found = this.querySelectorAll("li").length;
    if (found && this.textContent !== before) rated("similar", found, SAY_EVERY_MS, (all) => `${counted(all.at(-1), "thread", "threads")} like this.`);
  }
}

customElements.define("forum-similar", ForumSimilar);
