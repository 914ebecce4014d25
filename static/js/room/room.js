// <forum-room>: messages come in, change and go; mine appear at once and are sent in order. The end of the room stays in
// view for whoever is there, and nothing moves for whoever reads further up.

import { polite, rated, sayGone } from "../announce.js";
import { isBlocked } from "../blocks.js";
import { become, focusOn, isGap, make, takeOut } from "../markup.js";
import { me, mentionsMe } from "../me.js";
import { Earlier } from "./earlier.js";
import { Log } from "./log.js";
import { Sending } from "./sending.js";
import "./slow.js";
import { Typing } from "./typing.js";
import { Pill } from "../pill.js";
import { atEnd, keepPlace, toEnd, whenStill } from "../place.js";
import { Refused, page, tell } from "../requests.js";
import { onUpdate } from "../updates.js";
import { NOT_LOADED, counted } from "../words.js";

const SAY_EVERY_MS = 5_000;
const SAID_CHARS = 140;
const READ_AFTER_MS = 1_000;
const STICK_PX = 80;

class ForumRoom extends HTMLElement {
  #ending;
  /** Its list. */
  log;
  #sending = null;
  #typing = new Typing(this);
  #pill;
  #versions = new Map();
  /** Messages that arrived below what is in view. */
  #unseen = new Set();
  #read = 0;
  #reading = null;
  #earlier;

  connectedCallback() {
    if (this.#ending) return;
    this.log = new Log(this.list);
    this.#read = Number(this.dataset.read ?? 0);
    this.#pill = new Pill(this, () => this.toEnd());
    this.#ending = onUpdate((frame) => this.#take(frame));
    this.addEventListener("forum:send", (event) => this.#send(event));
    this.addEventListener("forum:edit-last", () => this.editLast());
    this.addEventListener("forum:to-end", () => this.toEnd());
    this.addEventListener("click", (event) => this.#act(event));
    this.addEventListener("pointerdown", () => (this.#tapCloses = document.querySelector("forum-menu .pop, details.menu[open]") !== null || this.#isWriting), true);
    document.addEventListener("forum:connection", ({ detail }) => detail.live && this.#resume());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#missed = 0;
      this.#noteRead();
    });
    addEventListener("scroll", () => this.#scrolled(), { passive: true });
    globalThis.visualViewport?.addEventListener("resize", () => this.#wasAtEnd && toEnd());
    this.#earlier = new Earlier(this.list, this.log);
    this.#open();
    if (this.composer && me() !== null) this.#sending = new Sending(this);
  }

  /** The connection is back: what found no answer is tried again. */
  #resume() {
    this.#sending?.resume();
    this.#earlier.resume();
  }

  disconnectedCallback() {
    this.#ending?.();
    this.#ending = null;
    this.#earlier?.end();
  }

  get list() {
    return this.querySelector("ol.log");
  }

  get messages() {
    return this.log.messages;
  }

  /** Whether the end is in view, or was before something came below it. Browsers tell of a scroll a frame later. */
  get isAtEnd() {
    if (scrollY !== this.#scrolledTo) this.#scrolled();
    return this.#wasAtEnd;
  }

  get composer() {
    return this.querySelector("forum-composer");
  }

  /** The page ends before the room does: what comes live belongs further on. */
  get #endsEarly() {
    return this.list.querySelector(":scope > .later") !== null;
  }

  #wasAtEnd = true;
  /** Where the window stood when that was found. */
  #scrolledTo = 0;
  /** How many messages came live beyond the end of such a page. */
  #beyond = 0;

  /** At the unread line if there is one, else at the end, or where the address points. */
  #open() {
    if (location.hash && document.querySelector(location.hash)) return;
    const line = this.querySelector("#unread");
    if (line) line.scrollIntoView({ block: "center", behavior: "instant" });
    if (!line || atEnd(STICK_PX)) toEnd();
    this.#scrolled();
    if (matchMedia("(hover: hover) and (min-width: 48rem)").matches) {
      this.composer?.querySelector("textarea")?.focus({ preventScroll: true });
    }
  }

  // Updates

  #take(frame) {
    const channel = `room:${this.dataset.room}`;
    if (frame.channel !== channel) return;
    if (frame.type === "typing") this.#typing.typed(frame);
    else if ((frame.kind ?? "").startsWith("message.")) this.#message(frame);
  }

  #message(frame) {
    const shown = this.querySelector(`#message-${frame.id}`) ?? this.#held.get(frame.id);
    if (frame.gone || !frame.node) {
      if (shown) this.#leave(shown);
    } else if (shown) {
      this.#replace(shown, frame);
    } else if (frame.kind === "message.created") {
      this.#arrive(frame);
    }
  }

  /** Messages that wait for a scrolling finger to rest. */
  #held = new Map();

  #replace(shown, frame) {
    const removed = isGap(frame.node);
    if (!removed && frame.version < (this.#versions.get(frame.id) ?? 0)) return;
    this.#versions.set(frame.id, frame.version);
    const wasGap = isGap(shown);
    const { author } = shown.dataset;
    this.#hold(() => {
      become(shown, frame.node);
      this.log.mark(shown);
      this.log.group(shown);
      this.log.group(this.log.after(shown));
    });
    if (removed) this.#unseen.delete(shown);
    if (removed && !wasGap) sayGone(frame, author, SAY_EVERY_MS);
    this.#drawPill();
  }

  #leave(shown) {
    const next = this.log.after(shown);
    this.#held.delete(Number(shown.id.slice("message-".length)));
    this.#unseen.delete(shown);
    this.#hold(() => takeOut(shown, next ?? this.log.before(shown)));
    this.log.group(next);
    this.log.dropEmptyDays();
    this.#drawPill();
  }

  #arrive(frame) {
    const message = frame.node.cloneNode(true);
    const isMine = message.dataset.author !== undefined && message.dataset.author === me();
    this.#versions.set(frame.id, frame.version);
    this.#typing.stop(message.dataset.author);
    if (this.#endsEarly) {
      // Once it is answered; what I say in another window does not lead away from what I read here.
      if (isMine && frame.type === "answer") location.assign(`${this.dataset.at}#${message.id}`);
      this.#beyond += Number(!isMine);
      this.#drawPill();
      return;
    }
    if (isMine && frame.type === "update") this.#sending?.echoed(frame.id);
    const stay = this.isAtEnd;
    this.#held.set(frame.id, message);
    const put = () => {
      if (!this.#held.delete(frame.id)) return;
      this.#hold(() => {
        this.log.insert(message);
        if (document.hidden && !isMine && !isGap(message)) this.#drawLine(message);
        this.#sending?.group();
      });
      if (stay || isMine) toEnd();
    };
    // At the end the new one moves nothing that is read; further up it may.
    if (stay) put();
    else whenStill(put);
    if (isGap(message)) return;
    if (!isMine) this.#say(message, frame);
    if (!stay && !isMine) this.#unseen.add(message);
    this.#drawPill();
    this.#noteRead();
  }

  /** Messages that came since nobody looks at the page. */
  #missed = 0;

  /** Who comes back to the end of the room finds where they left off: the line stands above the first that came meanwhile. */
  #drawLine(message) {
    this.#missed += 1;
    if (this.#missed === 1) {
      const old = this.querySelector("li.new");
      const below = old && this.log.messages.find((other) => old.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
      old?.remove();
      message.before(make("li", { class: "new" }, make("div", { class: "line unread", id: "unread" })));
      this.log.group(below);
      this.log.group(message);
    }
    const words = this.querySelector("#unread");
    if (words) words.textContent = `${this.#missed} new`;
  }

  /** Acts without moving what is read, or what stands at the end. */
  #hold(act) {
    const stay = this.isAtEnd;
    keepPlace(this.list, act);
    if (stay) toEnd();
  }

  #say(message, { author }) {
    const wish = document.documentElement.dataset.say ?? "all";
    if (isBlocked(message.dataset.author)) return;
    if (!this.isAtEnd || wish === "none" || (wish === "mentions" && !mentionsMe(message.dataset.mentions))) return;
    const words = message.querySelector(".prose")?.textContent.trim().replace(/\s+/g, " ") ?? "";
    const said = { id: message.id, sentence: `${author ?? "A former member"}: ${[...words].slice(0, SAID_CHARS).join("")}` };
    rated("messages", said, SAY_EVERY_MS, (all) => {
      // What was removed while it waited is not spoken.
      const still = all.filter(({ id }) => document.getElementById(id)?.matches("[data-author], [data-byline]"));
      if (still.length === 1) return still[0].sentence;
      return still.length ? counted(still.length, "new message.", "new messages.") : "";
    });
  }

  // The end, and what I have read

  #scrolled() {
    this.#wasAtEnd = atEnd(STICK_PX);
    this.#scrolledTo = scrollY;
    if (this.#wasAtEnd && this.#unseen.size) this.#unseen.clear();
    this.#drawPill();
    this.#noteRead();
  }

  #drawPill() {
    const waiting = this.#unseen.size + this.#beyond;
    this.#pill.show(waiting ? counted(waiting, "new message", "new messages") : "");
  }

  toEnd() {
    if (this.#beyond) location.assign(this.dataset.at);
    toEnd();
    this.#scrolled();
  }

  #noteRead() {
    if (me() === null || !this.dataset.readUrl || document.hidden) return;
    if (this.#lastInView() > this.#read) this.#reading ??= setTimeout(() => this.#sendRead(), READ_AFTER_MS);
  }

  #lastInView() {
    const inView = this.messages.filter((message) => message.getBoundingClientRect().top < innerHeight - 40);
    return Number(inView.at(-1)?.dataset.number ?? 0);
  }

  async #sendRead() {
    this.#reading = null;
    const number = this.#lastInView();
    if (number <= this.#read || document.hidden) return;
    const before = this.#read;
    this.#read = number;
    if (!(await tell(this.dataset.readUrl, { number }))) this.#read = before;
  }

  // Acts

  #send(event) {
    if (!this.#sending) return;
    event.preventDefault();
    this.querySelector("li.new")?.remove();
    for (const message of this.messages) this.log.group(message);
    this.#sending.send(event.detail);
  }

  #act(event) {
    const control = event.target.closest('[data-act="reply"]');
    const message = control?.closest(".msg");
    if (!message) this.#tapped(event.target);
    else if (!event.metaKey && !event.ctrlKey && !event.shiftKey && this.reply(message)) event.preventDefault();
  }

  /** The tap that is under way only closes: a menu, or the keyboard of the composer. */
  #tapCloses = false;

  get #isWriting() {
    return this.composer?.contains(document.activeElement) ?? false;
  }

  /** Where nothing hovers, a tap on a message opens its acts. */
  #tapped(target) {
    if (this.#tapCloses || !matchMedia("(hover: none)").matches) return;
    if (target.closest("a, button, input, textarea, summary, .pop, .sealed") || !getSelection().isCollapsed) return;
    target.closest(".msg")?.querySelector("forum-menu")?.show();
  }

  /** Answers a message in the composer. Returns whether there is one. */
  reply(message) {
    if (!this.composer || !message?.dataset.number || isGap(message)) return false;
    const name = message.querySelector(".by [data-name], .by h2")?.textContent.trim();
    this.composer.answer({ id: message.id.slice("message-".length), name, author: message.dataset.author });
    return true;
  }

  /** The message that has the focus. */
  get current() {
    const focused = document.activeElement?.closest(".msg");
    return focused && this.contains(focused) ? focused : null;
  }

  /** The next (1) or previous (-1) message. */
  toMessage(step) {
    const { messages, current } = this;
    const next = current ? messages[messages.indexOf(current) + step] : messages.at(-1);
    if (next) focusOn(next, {});
  }

  /** Opens my last message in the composer. */
  async editLast() {
    const mine = this.messages.findLast((message) => message.dataset.author === me());
    if (!mine) return;
    const url = `/messages/${mine.id.slice("message-".length)}/edit`;
    try {
      const form = (await page(url)).querySelector("main form:has(textarea[name=body])");
      if (!form || this.composer.text || !mine.dataset.author) return;
      this.composer.edit({ url, ref: mine.id, body: form.elements.body.value, key: form.elements.key?.value, version: form.elements.version?.value });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      polite(NOT_LOADED);
    }
  }
}

customElements.define("forum-room", ForumRoom);
