// What is wrong with a text, or why it was not taken, said below its field.

import { assertive } from "../announce.js";
import { BROKEN, NOT_POSTED, NOT_SURE, SIGNED_OUT, tooFast } from "../words.js";

export class Problem {
  #composer;
  #area;
  #marked = null;

  constructor(composer, area) {
    this.#composer = composer;
    this.#area = area;
  }

  get #place() {
    return this.#composer.querySelector("[data-problem]");
  }

  /** The sentence that is shown, or "". */
  get sentence() {
    const place = this.#place;
    return place && !place.hidden ? place.textContent : "";
  }

  /** Shows a sentence about a field, the text where none is given; or none for null. */
  say(sentence, field = this.#area) {
    const place = this.#place;
    if (!place) return;
    place.hidden = !sentence;
    place.textContent = sentence ?? "";
    this.#marked?.removeAttribute("aria-invalid");
    this.#marked = sentence ? field : null;
    this.#marked?.setAttribute("aria-invalid", "true");
  }

  /** Says, and speaks, why a request came to nothing. What is wrong with the text itself says `wrong`, its own way. */
  refused({ status, problem, unsure }, wrong) {
    if (status === 0) this.say(unsure ? NOT_SURE : NOT_POSTED);
    else if (status === 401) this.say(SIGNED_OUT);
    else if (status === 429) this.#countDown(Math.max(1, Math.ceil(problem.retry_after ?? 1)));
    else if (status >= 500) this.say(BROKEN);
    else wrong(status, problem);
    assertive(this.sentence);
  }

  /** Marks the line of the text that is meant (1 is the first). */
  pointTo(line) {
    if (!(line > 0)) return;
    const lines = this.#area.value.split("\n");
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    this.#area.focus();
    this.#area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  }

  #countDown(seconds) {
    if (seconds <= 0) return this.say(null);
    this.say(tooFast(seconds));
    const said = this.sentence;
    setTimeout(() => this.sentence === said && this.#countDown(seconds - 1), 1_000);
    return undefined;
  }
}
