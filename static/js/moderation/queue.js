// <forum-queue>: the list of cases (cases.js), and one of them, which never changes beneath its moderator's hands: what
// comes live is put around the decision that is being made. After a decision the next case opens.

import { element, focusOn, make } from "../markup.js";
import { polite } from "../announce.js";
import { Ages } from "./ages.js";
import { Cases } from "./cases.js";
import { Looking } from "./looking.js";
import { clean } from "../references.js";
import { Refused, busy, fragment, send } from "../requests.js";
import { toast } from "../toast.js";
import { answered, onUpdate } from "../updates.js";
import { follow } from "../wire.js";
import { BROKEN, NOT_LOADED, counted } from "../words.js";

const WIDE = matchMedia("(min-width: 64rem)");
const NOTHING_DECIDED = "No connection: nothing was decided. Try again when you are back.";
const DONE = { remove: "removed", leave: "left as it is", hold: "held" };

class ForumQueue extends HTMLElement {
  #ends;
  #cases;
  #ages;
  #looking;
  /** The case that was asked for last: an answer for an earlier one comes too late. */
  #asked = null;
  /** The case that I am deciding about: what comes of it live is my own doing. */
  #deciding = null;

  connectedCallback() {
    if (this.#ends) return;
    const end = onUpdate((frame) => this.#take(frame));
    const connection = () => this.#drawConnection();
    addEventListener("online", connection);
    addEventListener("offline", connection);
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("submit", (event) => this.#submit(event));
    this.#ages = new Ages(this);
    this.#cases = new Cases(this, () => this.#ages.draw());
    this.#looking = new Looking(this);
    this.#ends = () => {
      end();
      removeEventListener("online", connection);
      removeEventListener("offline", connection);
      this.#ages.stop();
      this.#looking.stop();
    };
    this.#cases.mark();
    this.#drawConnection();
    this.#looking.at(this.open);
  }

  disconnectedCallback() {
    this.#ends?.();
    this.#ends = null;
  }

  get #place() {
    return this.querySelector("[data-case-place]");
  }

  /** The case that is open, or null: its element. */
  get open() {
    return this.querySelector(".case");
  }

  get #isListing() {
    return !WIDE.matches && this.querySelector(".queue").matches(".listing");
  }

  // Live

  #take(frame) {
    if (!frame.kind?.startsWith("case.") || (frame.type === "update" && !frame.channel.startsWith("moderators:"))) return;
    if (this.dataset.state === "open") this.#cases.take(frame);
    const { open } = this;
    if (open?.dataset.case !== String(frame.id) || this.#deciding === open.dataset.case) return;
    if (["removed", "withdrawn"].includes(frame.outcome)) this.#forget(open, frame.outcome);
    if (!(Number(open.dataset.version) >= frame.version)) this.#renew();
  }

  /** Words that are gone leave at once; what stands in their place is fetched. */
  #forget(open, outcome) {
    for (const words of open.querySelectorAll(".it .prose")) words.replaceChildren(`The ${open.dataset.noun} has been ${outcome}.`);
  }

  /** Fetches the open case anew, and puts around the decision what has changed. */
  async #renew(problem = "") {
    const { open } = this;
    const fresh = await this.#fetch(this.#addressOf(open.dataset.case));
    if (!fresh || this.open !== open) return;
    this.#keep(open, fresh, "[data-decision]", (form) => form.elements.version.value);
    this.#keep(open, fresh, ".apart", (form) => form.elements.taken?.value);
    const focus = document.activeElement;
    const focused = open.contains(focus) && !fresh.contains(focus);
    open.replaceWith(fresh);
    if (fresh.contains(focus) && focus !== document.activeElement) focus.focus({ preventScroll: true });
    else if (focused) focusOn(fresh.querySelector("[data-decision] .btn, [data-decided]") ?? fresh.querySelector("h2"));
    if (problem) this.#complain(problem);
    this.#opened(fresh);
  }

  /** What is being written stays, where the form that came is still the same one. */
  #keep(open, fresh, selector, sameness) {
    const old = open.querySelector(selector);
    const now = fresh.querySelector(selector);
    if (old && now && sameness(old) === sameness(now)) now.replaceWith(old);
  }

  // Opening

  #addressOf(id) {
    return this.#cases.rowOf(id)?.querySelector("h2 a").href ?? `/reports/${id}`;
  }

  async #fetch(href) {
    try {
      const made = element(await fragment(href));
      if (made) clean(made);
      return made;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 404) return null;
      polite(NOT_LOADED);
      return null;
    }
  }

  /** Opens the case of a row beside the list, or in its place; focus on its heading. */
  async show(row) {
    const link = row.querySelector("h2 a");
    const done = busy(link);
    this.#asked = row.dataset.case;
    const fresh = await this.#fetch(link.href);
    done();
    if (!fresh || this.#asked !== fresh.dataset.case) return;
    this.#place.replaceChildren(fresh);
    this.querySelector(".queue").classList.remove("listing");
    document.body.classList.add("has-composer");
    history.replaceState(null, "", link.href);
    this.#opened(fresh);
    scrollTo({ top: 0, behavior: "instant" });
    focusOn(fresh.querySelector("h2"));
  }

  #opened(open) {
    follow(JSON.parse(open.dataset.channels));
    this.#cases.mark();
    this.#ages.draw();
    this.#drawConnection();
    this.#looking.at(open);
  }

  #close() {
    this.#place.replaceChildren();
    this.#looking.at(null);
    this.#cases.count();
    history.replaceState(null, "", this.dataset.at);
    const empty = this.querySelector("[data-empty]");
    focusOn(empty.hidden ? document.getElementById("main") : empty);
  }

  #click(event) {
    const link = event.target.closest?.(".rep h2 a");
    if (!link || !WIDE.matches || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.show(link.closest(".rep"));
  }

  // Acting

  async #submit(event) {
    const form = event.target;
    if (!form.matches("[data-case-form]")) return;
    event.preventDefault();
    event.stopPropagation();
    const { submitter } = event;
    if (submitter?.getAttribute("aria-disabled") === "true") return;
    const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action");
    const done = submitter ? busy(submitter) : () => {};
    const id = this.open.dataset.case;
    const at = this.#cases.rows.findIndex((row) => row.dataset.case === id);
    if (form.matches("[data-decision]")) this.#deciding = id;
    try {
      const { response, html } = await send(action, new FormData(form, submitter));
      if (form.matches("[data-decision]")) await this.#decided(submitter.value, at, response, html);
      else await this.#noted(form, action, response, html);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.#refused(form, error);
    } finally {
      this.#deciding = null;
      done();
    }
  }

  /** `at` is where its row stood: the live frame may have taken it out already. */
  async #decided(act, at, response, html) {
    const { open } = this;
    const id = open.dataset.case;
    const noun = open.dataset.noun === "post" ? "Post" : "Message";
    const row = this.#cases.rowOf(id);
    if (act === "hold") {
      answered("case.changed", response, html);
      toast(`${noun} held.`, `/posts/${open.dataset.object}/release`);
    } else {
      if (row) this.#cases.drop(row);
      const final = open.querySelector("[data-final]:checked") !== null && act === "remove";
      toast(`${noun} ${DONE[act]}.`, final ? null : `/reports/${id}/reopen`, "case.opened");
    }
    if (!this.#cases.rows.length) await this.#cases.refill();
    const left = this.#cases.total;
    const next = this.#cases.rows[act === "hold" ? at + 1 : at] ?? this.#cases.rows.at(-1);
    if (next && next !== this.#cases.rowOf(id)) await this.show(next);
    else if (act === "hold") await this.#renew();
    else this.#close();
    const said = act === "remove" ? "Removed." : act === "leave" ? "Left as it is." : "Held.";
    polite(left ? `${said} ${counted(left, "report", "reports")} left.` : `${said} ${this.querySelector("[data-empty]").textContent.trim()}`);
  }

  async #noted(form, action, response, html) {
    form.querySelector("textarea")?.form.reset();
    answered("case.changed", response, html);
    await this.#renew();
    polite(action.endsWith("/notes") ? "Noted." : "Done.");
  }

  async #refused(form, { status, problem }) {
    const words = status === 0 ? NOTHING_DECIDED : status >= 500 ? BROKEN : (Object.values(problem.errors ?? {})[0] ?? problem.detail ?? BROKEN);
    if (status === 409 || status === 404) await this.#renew(words);
    else this.#complain(words, form);
    polite(words);
  }

  #complain(words, form = this.open?.querySelector("[data-decision]")) {
    if (!form) return;
    let place = form.querySelector("[data-problem]");
    if (!place) form.append((place = make("p", { class: "error", "data-problem": true })));
    place.textContent = words;
    place.hidden = false;
  }

  /** A decision is never kept for later: one that is answered when the world has moved on is a lie. */
  #drawConnection() {
    const away = !navigator.onLine;
    for (const button of this.querySelectorAll("[data-case-form] button")) {
      if (away && !button.dataset.words) {
        button.dataset.words = button.textContent;
        button.setAttribute("aria-disabled", "true");
        button.replaceChildren(...(button.closest(".btns") ? ["No connection"] : [...button.childNodes]));
      } else if (!away && button.dataset.words) {
        if (button.closest(".btns")) button.textContent = button.dataset.words;
        button.removeAttribute("aria-disabled");
        delete button.dataset.words;
      }
    }
  }

  // Keys

  /** The next (1) or previous (-1) case: opened where one is open, else focused. Returns whether there was one. */
  toCase(step) {
    const rows = this.#cases.rows;
    const at = rows.findIndex((row) => (this.#isListing ? row.contains(document.activeElement) : row.matches(".now")));
    const row = rows[at < 0 ? 0 : at + step];
    if (row && this.#isListing) focusOn(row.querySelector("h2 a"), {});
    else if (row) this.show(row);
    return Boolean(row);
  }

  /** Marks the reason of this number, from 1. */
  reason(number) {
    const choice = this.querySelectorAll("[data-decision] [name=reason]")[number - 1];
    if (!choice) return;
    choice.checked = true;
    polite(choice.closest("label").textContent.trim());
  }

  /** Marks, or no longer, that the words must not be kept: then Remove asks first. */
  forGood() {
    const choice = this.querySelector("[data-decision] [data-final]");
    if (!choice) return;
    choice.checked = !choice.checked;
    polite(choice.checked ? "It must not be kept." : "It is kept.");
  }

  /**
   * Puts the focus on a decision; Enter makes it. One stray key must not take words off everybody's screens. Where somebody
   * was quicker, the focus goes to what they decided: an Enter that follows does nothing.
   */
  toDecision(act) {
    const place = this.querySelector(`[data-decision] [value="${act}"]`) ?? this.querySelector("[data-decided]");
    if (place) focusOn(place, {});
  }

  undo() {
    document.querySelector("forum-toast button")?.click();
  }
}

customElements.define("forum-queue", ForumQueue);
