// <forum-list>: rows that change in place. What would jump or is new waits behind a pill, so that nothing moves under
// the pointer; while nobody looks it goes straight in.

import { element, focusOn, make } from "../markup.js";
import { polite, rated } from "../announce.js";
import { Pill } from "../pill.js";
import { clean } from "../references.js";
import { Refused, page } from "../requests.js";
import { askUnread } from "../unread.js";
import { onUpdate } from "../updates.js";
import { counted } from "../words.js";

const SAY_EVERY_MS = 30_000;
const SETTLED = "This no longer waits: it was decided or taken back meanwhile.";

class ForumList extends HTMLElement {
  #ending;
  #pill;
  /** Ids of rows that are new, or stand where they no longer belong. */
  #waiting = new Set();
  /** New rows wait in the page, unseen: what is removed or renamed meanwhile is so in them too. */
  #shelf = make("ol", { hidden: true });

  connectedCallback() {
    if (this.#ending) return;
    this.#pill = new Pill(this, () => this.#press());
    this.append(this.#shelf);
    const ends = [onUpdate((frame) => this.#take(frame))];
    const onShow = () => document.hidden || this.#waiting.size === 0 || this.#enter();
    document.addEventListener("visibilitychange", onShow);
    const onGone = () => this.#leave();
    document.addEventListener("forum:gone", onGone);
    this.#ending = () => {
      for (const end of ends) end();
      document.removeEventListener("visibilitychange", onShow);
      document.removeEventListener("forum:gone", onGone);
    };
  }

  disconnectedCallback() {
    this.#ending?.();
    this.#ending = null;
  }

  get list() {
    return this.querySelector(":is(ol, ul):not([hidden])");
  }

  get rows() {
    return [...(this.list?.children ?? [])];
  }

  get #isFirstPage() {
    return !("after" in this.dataset);
  }

  #take(frame) {
    const [noun] = (frame.kind ?? "").split(".");
    const { list } = this.dataset;
    if (noun === "thread" && frame.channel.startsWith("network:")) this.#thread(frame);
    else if (noun === "notification" && ["home", "notifications"].includes(list)) this.#note(frame);
    else if (noun === "conversation" && list === "conversations") this.#conversation(frame);
    else if (noun === "membership" && list === `people:${frame.channel.split(":")[1]}`) this.#row(frame, "member");
    else if (["request", "hold", "submission", "appeal"].includes(noun) && list === frame.channel) this.#row(frame, noun);
  }

  /** A page of several lists names what each is of. */
  #row(frame, noun) {
    const shown = this.querySelector(`#${noun}-${frame.id}`);
    const list = this.querySelector(`ul[data-of="${noun}"]`) ?? this.list;
    if (frame.gone || !frame.node) this.#takeOut(shown);
    else if (shown) this.#replace(shown, frame.node);
    else if (this.#isFirstPage) list.append(frame.node.cloneNode(true));
    this.#drawEmpty();
  }

  #thread(frame) {
    const id = `thread-${frame.id}`;
    const shown = this.querySelector(`#${id}`);
    const ofThis = this.dataset.list === frame.channel;
    // On a list of several networks a thread is shown through one of them.
    const network = frame.channel.split(":")[1];
    if (frame.gone || !frame.node) {
      if (shown && (ofThis || shown.dataset.network === network)) this.#takeOut(shown);
      if (ofThis) this.#waiting.delete(id);
      this.#drawPill();
      this.#drawEmpty();
    } else if (shown) {
      if (ofThis || shown.dataset.network === network) {
        this.#replace(shown, frame.node);
        const replaced = this.querySelector(`#${id}`);
        if (ofThis && this.#isFirstPage && this.list.contains(replaced) && this.#wouldJump(replaced)) this.#wait(id);
      }
    } else if (ofThis && this.#isFirstPage) {
      this.#wait(id, frame.node);
      rated("threads", id, SAY_EVERY_MS, (all) => `${counted(new Set(all).size, "new thread", "new threads")}.`);
    } else if (this.dataset.list === "home" && frame.kind === "thread.created") {
      this.#wait(id, frame.node);
    }
  }

  #note(frame) {
    const id = `notification-${frame.id}`;
    const shown = this.querySelector(`#${id}`);
    // On Home one list is for me, the other holds threads.
    if (!this.list?.matches(".foryou") && this.dataset.list === "home") return;
    if (frame.gone || !frame.node) {
      this.#takeOut(shown);
      this.#waiting.delete(id);
      this.#drawPill();
    } else if (shown) {
      this.#replace(shown, frame.node);
    } else if (frame.kind === "notification.created" && this.#isFirstPage) {
      this.#wait(id, frame.node);
    }
    this.#drawEmpty();
  }

  /** A row of mine alone, counts and all; one in which something was said belongs at the head. */
  #conversation(frame) {
    const id = `conversation-${frame.id}`;
    const shown = this.querySelector(`#${id}`);
    if (frame.gone || !frame.node) this.#takeOut(shown);
    else if (shown) shown.replaceWith(frame.node.cloneNode(true));
    else if (this.#isFirstPage) this.#wait(id, frame.node);
    const row = this.querySelector(`#${id}`);
    if (shown && this.#isFirstPage && this.list.contains(row) && this.#wouldJump(row)) this.#wait(id);
    this.#drawEmpty();
  }

  /** Takes a row out. One that I am about to decide about stays under my hands, says why, and goes when I leave it. */
  #takeOut(row) {
    const focused = row?.contains(document.activeElement);
    const decides = row?.querySelector(".btns");
    if (focused && decides && !row.querySelector("form[data-sent]")) return this.#settle(row, decides);
    const near = row?.nextElementSibling ?? row?.previousElementSibling;
    row?.remove();
    if (focused) focusOn(near?.querySelector("h3 a, a, button") ?? near ?? document.getElementById("main"));
  }

  #settle(row, decides) {
    const words = make("p", { class: "said" }, SETTLED);
    decides.replaceWith(words);
    focusOn(words);
    polite(SETTLED);
    const goes = () => {
      if (row.contains(document.activeElement)) return;
      row.remove();
      this.#drawEmpty();
    };
    row.addEventListener("focusout", () => setTimeout(goes));
  }

  /** The new row keeps my own counts, until they have been asked for again. */
  #replace(shown, node) {
    const fresh = node.cloneNode(true);
    const counts = new Map([...shown.querySelectorAll("[data-unread-of]")].map((place) => [place.dataset.unreadOf, place]));
    for (const place of fresh.querySelectorAll("[data-unread-of]")) {
      const mine = counts.get(place.dataset.unreadOf);
      if (mine) place.replaceWith(mine);
    }
    if (shown.matches(".thread")) fresh.classList.toggle("unread", shown.matches(".unread"));
    const focused = shown.contains(document.activeElement);
    shown.replaceWith(fresh);
    if (focused) focusOn(fresh.querySelector("a, button") ?? fresh);
  }

  #wait(id, node = null) {
    this.#waiting.add(id);
    if (node !== null) this.#shelf.prepend(node.cloneNode(true));
    if (document.hidden && this.dataset.list !== "home") this.#enter();
    else this.#drawPill();
  }

  /** Rows have gone with a channel: those that waited need not wait, and there may be none left. */
  async #leave() {
    for (const id of this.#waiting) if (!this.querySelector(`#${id}`)) this.#waiting.delete(id);
    // What is for me may quote what I no longer read, and does not say of which network that is.
    if (this.#isForMe) await this.#fetchAnew();
    this.#drawPill();
    this.#drawEmpty();
  }

  get #isForMe() {
    return this.list?.matches(".foryou") && this.dataset.list === "notifications";
  }

  #wouldJump(row) {
    const sorted = this.#sorted();
    return sorted.indexOf(row) !== this.rows.indexOf(row);
  }

  /** Pinned first, then by last activity. */
  #sorted() {
    const key = ({ dataset }) => [dataset.pinned !== undefined ? 1 : 0, dataset.active ?? ""];
    return this.rows.toSorted((a, b) => {
      const [pinnedA, activeA] = key(a);
      const [pinnedB, activeB] = key(b);
      return pinnedB - pinnedA || (activeA < activeB ? 1 : activeA > activeB ? -1 : 0);
    });
  }

  #drawPill() {
    const count = this.#waiting.size;
    const isNew = this.#shelf.children.length === count;
    if (!count) this.#pill.show("");
    else if (!this.dataset.list.startsWith("network:")) this.#pill.show(`${count} new`);
    else this.#pill.show(`${counted(count, "thread", "threads")} ${isNew ? (count === 1 ? "is" : "are") : count === 1 ? "moved or is" : "moved or are"} new`);
  }

  async #press() {
    await this.#enter();
    const first = this.rows[0];
    if (first) focusOn(first.querySelector("a") ?? first, {});
  }

  async #enter() {
    this.#waiting.clear();
    if (this.dataset.list === "home" && !this.list?.matches(".foryou")) {
      this.#shelf.replaceChildren();
      await this.#fetchAnew();
    } else {
      this.list.prepend(...this.#shelf.children);
      if (/^(network:|conversations$)/.test(this.dataset.list)) this.list.append(...this.#sorted());
    }
    this.#drawPill();
    this.#drawEmpty();
    askUnread();
  }

  /** A list over several networks is put together by the server. */
  async #fetchAnew() {
    try {
      const fresh = (await page(location.href)).querySelector(`forum-list[data-list="${this.dataset.list}"]:has(.${this.list.classList[0]})`);
      if (!fresh) return;
      const list = element(fresh.querySelector("ol, ul").outerHTML);
      clean(list);
      this.list.replaceWith(list);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      polite("This could not be loaded. Try again.");
    }
  }

  #drawEmpty() {
    const empty = this.querySelector("[data-empty]");
    if (empty) empty.hidden = this.rows.length > 0;
  }

  /** The row with the focus, or -1. */
  get #at() {
    return this.rows.findIndex((row) => row.contains(document.activeElement));
  }

  /** Focuses the next (1) or previous (-1) row. Returns whether there was one. */
  toRow(step) {
    const row = this.rows[this.#at < 0 ? 0 : this.#at + step];
    if (row) focusOn(row.querySelector("h3 a, a.go, a") ?? row, {});
    return Boolean(row);
  }
}

customElements.define("forum-list", ForumList);
