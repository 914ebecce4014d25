// How a text will look, in the composer: asked for when it is wanted, closed again by the next press or once it is sent.

import { elements } from "../markup.js";
import { clean } from "../references.js";
import { Refused, busy, send } from "../requests.js";
import { NOT_LOADED } from "../words.js";

export class Preview {
  #composer;
  #area;
  #say;

  /** `say` shows a sentence where it cannot be drawn. */
  constructor(composer, area, say) {
    this.#composer = composer;
    this.#area = area;
    this.#say = say;
  }

  get #place() {
    return this.#composer.querySelector("[data-preview]");
  }

  /** Shows the text as it stands now, or closes what is shown; `button` is the one that was pressed. */
  async toggle(button) {
    const place = this.#place;
    if (!place) return;
    if (!place.hidden) return this.close();
    const { network = "" } = this.#composer.dataset;
    const done = busy(button);
    try {
      const body = this.#area.value;
      const { html } = await send("/preview", { body, network });
      if (this.#area.value !== body) return;
      place.replaceChildren(...elements(html));
      clean(place);
      place.hidden = false;
      button.setAttribute("aria-pressed", "true");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#say(error.status >= 400 && error.status < 500 ? (Object.values(error.problem.errors ?? {})[0] ?? NOT_LOADED) : NOT_LOADED);
    } finally {
      done();
    }
  }

  close() {
    const place = this.#place;
    if (!place || place.hidden) return;
    place.hidden = true;
    place.replaceChildren();
    this.#composer.querySelector('[data-act="preview"]')?.setAttribute("aria-pressed", "false");
  }
}
