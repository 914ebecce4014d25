// My messages that are not answered yet: shown at once, with how it stands with them, until the room has them.

import { assertive, polite } from "../announce.js";
import { elements, make } from "../markup.js";
import { me } from "../me.js";
import { Outbox } from "./outbox.js";
import { toEnd } from "../place.js";
import { clockOf } from "../times.js";
import { answered } from "../updates.js";
import { tooFast } from "../words.js";

const SENDING_AFTER_MS = 400;

export class Sending {
  #room;
  #outbox;
  /** Key → what shows a message of mine that is not answered yet. */
  #pending = new Map();
  /** The id of a message of mine that came live while one was on its way: that one. */
  #echo = null;

  /** `room` is the element; it has a composer. */
  constructor(room) {
    this.#room = room;
    this.#outbox = new Outbox(room.dataset.room, room.composer.querySelector("form").action, {
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

  /** The connection is back. */
  resume() {
    this.#outbox.resume();
  }

  /** Sends, and shows at once. */
  send({ body, reply_to }) {
    // Shown before it is on its way: the outbox tells of the way.
    const item = this.#outbox.add(body, reply_to);
    this.#show(item);
    if (!navigator.onLine) this.#state(item, "Waiting for the connection");
    toEnd();
  }

  /** A message of mine came live while one is on its way: that one, unless another tab sends too; it is not shown twice. */
  echoed(id) {
    if (!this.#outbox.inFlight || this.#outbox.isShared) return;
    this.#echo = id;
    this.#pending.get(this.#outbox.inFlight.key)?.remove();
  }

  /** Draws their heads anew: what stands above them has changed. */
  group() {
    for (const waiting of this.#pending.values()) this.#room.log.group(waiting);
  }

  #show(item) {
    if (this.#pending.has(item.key)) return this.#pending.get(item.key);
    const template = this.#room.querySelector("template[data-pending]");
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
    const none = this.#room.list.querySelector("[data-empty]");
    if (none) none.hidden = true;
    this.#room.list.append(message);
    this.#room.log.group(message);
    return message;
  }

  #isSending(item) {
    const message = this.#show(item);
    message.classList.add("sending");
    const state = message.querySelector(".state");
    this.#settle(state);
    state.hidden = true;
    setTimeout(() => this.#outbox.inFlight?.key === item.key && this.#state(item, "Sending"), SENDING_AFTER_MS);
  }

  #state(item, words) {
    const message = this.#pending.get(item.key);
    if (!message) return;
    // It may have been taken away for its echo, and not be answered after all.
    if (!message.isConnected && this.#echo === null) this.#room.list.append(message);
    const state = message.querySelector(".state");
    this.#settle(state);
    state.replaceChildren(words);
    state.hidden = false;
    if (this.#room.isAtEnd) toEnd();
  }

  /** It has not failed any more. A focus on its buttons goes where the next message is written. */
  #settle(state) {
    state.classList.remove("bad");
    if (state.contains(document.activeElement)) this.#room.composer.open();
  }

  #sent(item, response, html) {
    const waiting = this.#pending.get(item.key);
    this.#pending.delete(item.key);
    this.#echo = null;
    const stay = this.#room.isAtEnd;
    waiting?.remove();
    if (response.status === 202) this.#submitted(html);
    else answered("message.created", response, html);
    for (const other of this.#pending.values()) this.#room.list.append(other);
    this.group();
    this.#room.log.dropEmptyDays();
    if (stay) toEnd();
  }

  /** A moderator reads it first: the note above the composer says so. */
  #submitted(html) {
    const [note] = elements(html);
    this.#room.querySelector("[data-submitted]")?.remove();
    note.dataset.submitted = "";
    this.#room.querySelector(".dock").prepend(note);
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
    if (!message.isConnected) this.#room.list.append(message);
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
      this.#room.log.dropEmptyDays();
      this.#room.composer.open();
    });
    state.replaceChildren(`${words} `, again, " ", away);
    if (this.#room.isAtEnd) toEnd();
  }
}
