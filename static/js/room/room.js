// <forum-room>: messages come in, change and go; mine appear at once and are sent in order. The end of the room stays in
// view for whoever is there, and nothing moves for whoever reads further up.

import { assertive, polite, rated } from "../announce.js";
import { isGrouped } from "./grouping.js";
import { isBlocked } from "../blocks.js";
import { become, elements, focusOn, isGap, make } from "../markup.js";
import { me, mentionsMe } from "../me.js";
import { Outbox } from "./outbox.js";
import "./slow.js";
import { Pill } from "../pill.js";
import { atEnd, keepChild, keepPlace, toEnd, whenStill } from "../place.js";
import { Refused, busy, fragment, page } from "../requests.js";
import { clockOf, dayOf, wordsFor } from "../times.js";
import { placeByNumber } from "../thread/tree.js";
import { clean } from "../references.js";
import { answered, newest, onUpdate } from "../updates.js";
import { NOT_LOADED, counted, tooFast, typing } from "../words.js";

const SAY_EVERY_MS = 5_000;
const SAID_CHARS = 140;
const SENDING_AFTER_MS = 400;
const TYPING_FOR_MS = 6_000;
const READ_AFTER_MS = 1_000;
const EARLIER_WITHIN = "600px 0px 0px 0px";
const STICK_PX = 80;

class ForumRoom extends HTMLElement {
  #ending;
  #outbox = null;
  #pill;
  #versions = new Map();
  /** Messages that arrived below what is in view. */
  #unseen = new Set();
  /** Key → what shows a message of mine that is not answered yet. */
  #pending = new Map();
  /** The id of a message of mine that came live while one was on its way: most likely that one. */
  #echo = null;
  /** Member → {name, until}. */
  #typing = new Map();
  #read = 0;
  #reading = null;
  #earlier;

  connectedCallback() {
    if (this.#ending) return;
    this.#read = Number(this.dataset.read ?? 0);
    this.#pill = new Pill(this, () => this.toEnd());
    this.#ending = onUpdate((frame) => this.#take(frame));
    this.addEventListener("forum:send", (event) => this.#send(event));
    this.addEventListener("forum:edit-last", () => this.editLast());
    this.addEventListener("forum:to-end", () => this.toEnd());
    this.addEventListener("click", (event) => this.#act(event));
    this.addEventListener("pointerdown", () => (this.#tapCloses = document.querySelector("forum-menu .pop, details.menu[open]") !== null || this.#isWriting), true);
    document.addEventListener("forum:connection", ({ detail }) => detail.live && this.#outbox?.run());
    document.addEventListener("visibilitychange", () => this.#noteRead());
    addEventListener("scroll", () => this.#scrolled(), { passive: true });
    globalThis.visualViewport?.addEventListener("resize", () => this.#wasAtEnd && toEnd());
    this.#watchEarlier();
    this.#open();
    this.#startOutbox();
  }

  disconnectedCallback() {
    this.#ending?.();
    this.#ending = null;
    this.#earlier?.disconnect();
  }

  get list() {
    return this.querySelector("ol.log");
  }

  /** Messages that the server has, in order. */
  get messages() {
    return [...this.list.querySelectorAll(":scope > .msg[data-number]")];
  }

  get composer() {
    return this.querySelector("forum-composer");
  }

  /** The page ends before the room does: what comes live belongs further on. */
  get #endsEarly() {
    return this.list.querySelector(":scope > .later") !== null;
  }

  #wasAtEnd = true;
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
    if (frame.type === "typing") this.#typed(frame);
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
    this.#hold(() => {
      become(shown, frame.node);
      this.#mark(shown);
      this.#group(shown);
      this.#group(this.#after(shown));
    });
    if (removed) this.#unseen.delete(shown);
    if (removed && !wasGap) rated("removals", 1, SAY_EVERY_MS, (all) => `${counted(all.length, "message was", "messages were")} removed.`);
    this.#drawPill();
  }

  #leave(shown) {
    const next = this.#after(shown);
    this.#held.delete(Number(shown.id.slice("message-".length)));
    this.#unseen.delete(shown);
    this.#hold(() => shown.remove());
    this.#group(next);
    this.#dropEmptyDays();
    this.#drawPill();
  }

  #arrive(frame) {
    const message = frame.node.cloneNode(true);
    const isMine = message.dataset.author !== undefined && message.dataset.author === me();
    this.#versions.set(frame.id, frame.version);
    this.#stopTyping(message.dataset.author);
    if (this.#endsEarly) {
      if (isMine) location.assign(`${this.dataset.at}#${message.id}`);
      this.#beyond += Number(!isMine);
      this.#drawPill();
      return;
    }
    if (isMine && frame.type === "update" && this.#outbox?.inFlight) {
      this.#echo = frame.id;
      this.#pending.get(this.#outbox.inFlight.key)?.remove();
    }
    const stay = this.#sticks();
    this.#held.set(frame.id, message);
    const put = () => {
      if (!this.#held.delete(frame.id)) return;
      this.#hold(() => this.#insert(message));
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

  /** Puts a message where its number belongs, with its day line and grouping, and those of the one after it. */
  #insert(message) {
    const { messages } = this;
    const numbers = messages.map(({ dataset }) => ({ number: Number(dataset.number) }));
    const place = placeByNumber(numbers, { number: Number(message.dataset.number) });
    if (place > 0) messages[place - 1].after(message);
    else if (messages.length) this.#lineBefore(messages[0]).before(message);
    else this.list.insertBefore(message, this.list.querySelector(":scope > .msg:not([data-number])"));
    const none = this.list.querySelector("[data-empty]");
    if (none) none.hidden = true;
    this.#mark(message);
    this.#group(message);
    this.#group(this.#after(message));
    for (const waiting of this.#pending.values()) this.#group(waiting);
  }

  #after(message) {
    const { messages } = this;
    return messages[messages.indexOf(message) + 1] ?? null;
  }

  #mark(message) {
    message.classList.toggle("tome", mentionsMe(message.dataset.mentions));
  }

  /** Draws the day line above a message and hides or shows its head, from what stands before it. */
  #group(message) {
    if (!message?.isConnected) return;
    const all = [...this.list.querySelectorAll(":scope > .msg")];
    const before = all[all.indexOf(message) - 1] ?? null;
    const own = facts(message);
    const previous = before && facts(before);
    this.#drawDay(message, own, previous);
    const afterLine = message.previousElementSibling?.matches(".new") ?? false;
    message.toggleAttribute("data-grouped", !afterLine && isGrouped(own, previous));
  }

  #drawDay(message, own, previous) {
    const line = this.#dayLineOf(message);
    const begins = previous === null ? line !== null || !this.list.querySelector(".earlier") : own.day !== previous.day;
    if (!begins) {
      line?.remove();
    } else if (line) {
      const time = line.querySelector("time");
      if (time.getAttribute("datetime") !== own.day) time.replaceWith(dayTime(own.day));
    } else {
      this.#lineBefore(message).before(make("li", { class: "day" }, make("div", { class: "line" }, dayTime(own.day))));
    }
  }

  /** The first of the lines (day, unread) that belong to a message, else the message. */
  #lineBefore(message) {
    let first = message;
    while (first.previousElementSibling?.matches(".day, .new")) first = first.previousElementSibling;
    return first;
  }

  #dayLineOf(message) {
    for (let line = message.previousElementSibling; line?.matches(".day, .new"); line = line.previousElementSibling) {
      if (line.matches(".day")) return line;
    }
    return null;
  }

  #dropEmptyDays() {
    for (const line of this.list.querySelectorAll(":scope > .day")) {
      let next = line.nextElementSibling;
      while (next?.matches(".new")) next = next.nextElementSibling;
      if (!next || next.matches(".day")) line.remove();
    }
  }

  /** Acts without moving what is read, or what stands at the end. */
  #hold(act) {
    const stay = this.#sticks();
    keepPlace(this.list, act);
    if (stay) toEnd();
  }

  #sticks() {
    return this.#wasAtEnd;
  }

  #say(message, { author }) {
    const wish = document.documentElement.dataset.say ?? "all";
    if (isBlocked(message.dataset.author)) return;
    if (!this.#wasAtEnd || wish === "none" || (wish === "mentions" && !mentionsMe(message.dataset.mentions))) return;
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
    try {
      await fetch(this.dataset.readUrl, { method: "POST", body: new URLSearchParams({ number: String(number) }), keepalive: true });
    } catch {
      this.#read = before;
    }
  }

  // Earlier messages

  #watchEarlier() {
    this.#earlier?.disconnect();
    const line = this.list.querySelector(".earlier");
    if (!line) return;
    this.#earlier = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.#loadEarlier(), {
      rootMargin: EARLIER_WITHIN,
    });
    this.#earlier.observe(line);
    line.querySelector("a").addEventListener("click", (event) => {
      event.preventDefault();
      this.#loadEarlier();
    });
  }

  async #loadEarlier() {
    const line = this.list.querySelector(".earlier");
    if (!line || line.dataset.loading !== undefined) return;
    line.dataset.loading = "";
    this.#earlier.disconnect();
    const link = line.querySelector("a");
    const done = busy(link);
    try {
      const loaded = elements(await fragment(link.href));
      this.#prepend(line, loaded);
      this.#watchEarlier();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      delete line.dataset.loading;
      line.querySelector("[data-problem]")?.remove();
      line.append(make("span", { "data-problem": true, class: "muted small" }, ` ${NOT_LOADED}`));
    } finally {
      done();
    }
  }

  #prepend(line, loaded) {
    const known = new Set(this.messages.map(({ id }) => id));
    const first = this.messages[0] ?? null;
    // What changed while they were on their way has come as an update, and was not shown yet.
    const fresh = loaded.map(asItStands).filter((item) => item !== null && !(item.id && known.has(item.id)));
    const before = first ? this.#lineBefore(first) : line.nextSibling;
    keepChild(first, () => {
      line.remove();
      this.list.prepend(...fresh.filter((item) => item.matches(".earlier")));
      for (const item of fresh.filter((other) => !other.matches(".earlier"))) this.list.insertBefore(item, before?.isConnected ? before : null);
      for (const item of fresh) clean(item);
      for (const item of fresh.filter((other) => other.matches(".msg"))) {
        this.#mark(item);
        this.#group(item);
      }
      this.#group(first);
      this.#dropEmptyDays();
    });
  }

  // Sending

  #startOutbox() {
    if (!this.composer || me() === null) return;
    const url = this.composer.querySelector("form").action;
    this.#outbox = new Outbox(this.dataset.room, url, {
      sending: (item) => this.#isSending(item),
      waiting: (item) => this.#state(item, "Waiting for the connection"),
      sent: (item, response, html) => this.#sent(item, response, html),
      failed: (item, refused) => this.#failed(item, refused),
    });
    for (const item of this.#outbox.items) {
      this.#show(item);
      if (item.failed) this.#drawFailure(item, "Not sent");
    }
    this.#outbox.run();
  }

  #send(event) {
    if (!this.#outbox) return;
    event.preventDefault();
    this.querySelector("li.new")?.remove();
    for (const message of this.messages) this.#group(message);
    // Shown before it is on its way: the outbox tells of the way.
    const item = this.#outbox.add(event.detail.body, event.detail.reply_to);
    this.#show(item);
    if (!navigator.onLine) this.#state(item, "Waiting for the connection");
    toEnd();
  }

  #show(item) {
    if (this.#pending.has(item.key)) return this.#pending.get(item.key);
    const template = this.querySelector("template[data-pending]");
    const message =
      template?.content.firstElementChild.cloneNode(true) ??
      make("li", { class: "msg" }, make("div", { class: "body" }, make("div", { class: "prose" }), make("p", { class: "state" })));
    message.classList.add("sending");
    message.dataset.author = me();
    message.dataset.at = item.at;
    if (item.reply_to) message.dataset.reply = item.reply_to;
    const prose = message.querySelector(".prose");
    for (const paragraph of item.body.trim().split(/\n{2,}/)) {
      const lines = paragraph.split("\n").flatMap((line, at) => (at ? [make("br"), line] : [line]));
      prose.append(make("p", {}, ...lines));
    }
    const clock = message.querySelector(".gutter, .when");
    for (const place of message.querySelectorAll(".gutter, .when")) place.textContent = clock ? clockOf(item.at) : "";
    message.querySelector(".state").hidden = true;
    this.#pending.set(item.key, message);
    const none = this.list.querySelector("[data-empty]");
    if (none) none.hidden = true;
    this.list.append(message);
    this.#group(message);
    return message;
  }

  #isSending(item) {
    const message = this.#show(item);
    message.classList.add("sending");
    const state = message.querySelector(".state");
    state.classList.remove("bad");
    state.hidden = true;
    setTimeout(() => this.#outbox.inFlight?.key === item.key && this.#state(item, "Sending"), SENDING_AFTER_MS);
  }

  #state(item, words) {
    const message = this.#pending.get(item.key);
    if (!message) return;
    // It may have been taken away for its echo, and not be answered after all.
    if (!message.isConnected && this.#echo === null) this.list.append(message);
    const state = message.querySelector(".state");
    state.classList.remove("bad");
    state.replaceChildren(words);
    state.hidden = false;
    if (this.#wasAtEnd) toEnd();
  }

  #sent(item, response, html) {
    const waiting = this.#pending.get(item.key);
    this.#pending.delete(item.key);
    this.#echo = null;
    const stay = this.#wasAtEnd;
    waiting?.remove();
    if (response.status === 202) this.#submitted(html);
    else answered("message.created", response, html);
    for (const other of this.#pending.values()) this.list.append(other);
    for (const other of this.#pending.values()) this.#group(other);
    this.#dropEmptyDays();
    if (stay) toEnd();
  }

  /** A moderator reads it first: the note above the composer says so. */
  #submitted(html) {
    const [note] = elements(html);
    this.querySelector("[data-submitted]")?.remove();
    note.dataset.submitted = "";
    this.querySelector(".dock").prepend(note);
    polite(note.textContent);
  }

  #failed(item, refused) {
    this.#echo = null;
    const { status, problem } = refused;
    const own = Object.values(problem.errors ?? {})[0] ?? (status >= 400 && status < 500 ? problem.detail : null);
    this.#drawFailure(item, own ? `Not sent. ${own}` : "Not sent");
    if (status === 429) this.#countDown(item, Math.max(1, Math.ceil(problem.retry_after ?? 1)));
    assertive("Not sent.");
    if (status === 401) document.dispatchEvent(new CustomEvent("forum:signed-out"));
  }

  /** Past a limit, or in slow mode: how many seconds are left, until it is tried again. */
  #countDown(item, seconds) {
    const words = this.#pending.get(item.key)?.querySelector(".state.bad")?.firstChild;
    if (!words?.data?.startsWith("Not sent")) return;
    words.data = seconds > 0 ? `Not sent. ${tooFast(seconds)} ` : "Not sent. You can send it now. ";
    if (seconds > 0) setTimeout(() => this.#countDown(item, seconds - 1), 1_000);
  }

  #drawFailure(item, words) {
    const message = this.#show(item);
    if (!message.isConnected) this.list.append(message);
    message.classList.remove("sending");
    const state = message.querySelector(".state");
    state.classList.add("bad");
    state.hidden = false;
    const again = make("button", { class: "act", type: "button" }, "Try again");
    const away = make("button", { class: "act", type: "button" }, "Delete");
    again.addEventListener("click", () => this.#outbox.retry());
    away.addEventListener("click", () => {
      this.#pending.delete(item.key);
      message.remove();
      this.#outbox.remove(item.key);
      this.#dropEmptyDays();
      this.composer.open();
    });
    state.replaceChildren(`${words} `, again, " ", away);
    if (this.#wasAtEnd) toEnd();
  }

  // Acts

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

  // Typing

  #typed({ member, name }) {
    if (String(member) === me()) return;
    this.#typing.set(String(member), { name, until: performance.now() + TYPING_FOR_MS });
    this.#drawTyping();
    setTimeout(() => this.#drawTyping(), TYPING_FOR_MS + 50);
  }

  #stopTyping(member) {
    if (this.#typing.delete(member)) this.#drawTyping();
  }

  #drawTyping() {
    const now = performance.now();
    for (const [member, { until }] of this.#typing) if (until <= now) this.#typing.delete(member);
    const words = typing([...this.#typing.values()].map(({ name }) => name));
    for (const place of this.querySelectorAll(".typing > *")) place.hidden = !words;
    const place = this.querySelector("[data-typing]");
    if (place) place.textContent = words;
  }
}

/** A loaded item, or the newer state of it that has come live; null if it has gone. */
function asItStands(item) {
  if (!item.matches(".msg[id]")) return item;
  const frame = newest(item.id, Number(item.dataset.version ?? 0));
  return frame === null ? item : (frame.node?.cloneNode(true) ?? null);
}

/** What grouping looks at. */
function facts(message) {
  const { author, byline, at, reply } = message.dataset;
  return {
    author: author ? `member ${author}` : byline ? `byline ${byline}` : null,
    at: Date.parse(at),
    day: dayOf(at),
    reply: reply !== undefined,
    gap: isGap(message),
  };
}

function dayTime(day) {
  return make("time", { datetime: day, "data-as": "day" }, wordsFor(day, "day", Date.now()));
}

customElements.define("forum-room", ForumRoom);
