// The pill: how many things wait out of view, and a press that goes there.

/** Takes over the `button.pill` in `root`. */
export class Pill {
  #button;
  #words;

  constructor(root, onPress) {
    this.#button = root.querySelector("button.pill");
    this.#words = this.#button?.querySelector("span") ?? this.#button;
    this.#button?.addEventListener("click", onPress);
  }

  /** Shows the words, or nothing for "". `up`: what waits is above. */
  show(words, up = false) {
    if (!this.#button) return;
    if (words && this.#words.textContent !== words) this.#words.textContent = words;
    this.#button.toggleAttribute("data-up", up);
    this.#button.hidden = !words;
  }
}
