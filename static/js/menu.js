// <forum-menu>: the ⋯ link opens the acts that I have as a popover, from the fragment of the page that it leads to.

import { focusOn, make } from "./markup.js";
import { clean } from "./references.js";
import { Refused, busy, fragment } from "./requests.js";
import { NOT_LOADED } from "./words.js";

let open = null;

class ForumMenu extends HTMLElement {
  #link;
  #box = null;

  connectedCallback() {
    this.#link = this.querySelector(":scope > a");
    if (!this.#link || this.#link.hasAttribute("aria-expanded")) return;
    this.#link.setAttribute("aria-expanded", "false");
    this.#link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      if (this.#box) this.close();
      else this.show();
    });
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !this.contains(relatedTarget)) this.close(false);
    });
  }

  disconnectedCallback() {
    if (open === this) open = null;
    this.#box?.remove();
    this.#box = null;
  }

  /** Fetches the acts, which are mine and of this moment, and opens. */
  async show() {
    open?.close(false);
    open = this;
    const done = busy(this.#link);
    let html;
    try {
      html = await fragment(this.#link.href);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      html = null;
    } finally {
      done();
    }
    if (open !== this || !this.isConnected) return;
    this.#box = make("div", { class: "pop", role: "group", "aria-label": this.#link.getAttribute("aria-label") });
    if (html === null) this.#box.append(make("p", { class: "muted small" }, NOT_LOADED));
    else this.#box.innerHTML = html;
    clean(this.#box);
    this.append(this.#box);
    this.#link.setAttribute("aria-expanded", "true");
    this.toggleAttribute("data-up", this.#box.getBoundingClientRect().bottom > innerHeight - 80);
    focusOn(this.#acts[0] ?? this.#box);
  }

  close(takeFocus = true) {
    if (open === this) open = null;
    if (!this.#box) return;
    const hadFocus = this.#box.contains(document.activeElement);
    this.#box.remove();
    this.#box = null;
    this.removeAttribute("data-up");
    this.#link.setAttribute("aria-expanded", "false");
    if (takeFocus && hadFocus) this.#link.focus();
  }

  get #acts() {
    return [...(this.#box?.querySelectorAll("a[href], button") ?? [])];
  }

  #key(event) {
    if (!this.#box) return;
    const acts = this.#acts;
    const at = acts.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + (at < 0), Home: 0, End: acts.length - 1 }[event.key];
    if (event.key === "Escape") {
      event.stopPropagation();
      this.close();
    } else if (to !== undefined && acts.length) {
      event.preventDefault();
      acts[(to + acts.length) % acts.length].focus();
    }
  }
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.contains(event.target)) open.close(false);
  // The menus of a page's head are plain <details>.
  for (const details of document.querySelectorAll("details.menu[open]")) if (!details.contains(event.target)) details.open = false;
});

customElements.define("forum-menu", ForumMenu);
