// Messages on their way: one at a time, in the order in which they were written, each under its own key until it is
// answered. They wait in this browser's storage, so a reload or a dead battery loses none and sends none twice.

import { pauseAfter } from "../backoff.js";
import { dropFromOutbox, keepInOutbox, loadOutbox } from "../drafts.js";
import { Refused, newKey, send } from "../requests.js";

const AGAIN_AT_MOST = 4;

export class Outbox {
  #room;
  #url;
  #on;
  #items;
  #busy = false;
  #timer = null;

  /**
   * `on` is {sending(item), sent(item, response, html), waiting(item), failed(item, refused)}. An item is
   * {key, body, reply_to, at, failed, unanswered}. A failed one stops those behind it, or the order would change.
   */
  constructor(room, url, on) {
    this.#room = room;
    this.#url = url;
    this.#on = on;
    this.#items = loadOutbox(room);
  }

  get items() {
    return [...this.#items];
  }

  /** The item that is being sent, if there is one. */
  get inFlight() {
    return this.#busy ? (this.#items[0] ?? null) : null;
  }

  /** Whether another tab has something on its way into this room. */
  get isShared() {
    const mine = new Set(this.#items.map(({ key }) => key));
    return loadOutbox(this.#room).some(({ key }) => !mine.has(key));
  }

  add(body, replyTo) {
    const item = { key: newKey(), body, reply_to: replyTo, at: new Date().toISOString(), failed: false };
    this.#items.push(item);
    keepInOutbox(this.#room, item);
    this.run();
    return item;
  }

  /** Takes a failed or waiting item out. */
  remove(key) {
    this.#items = this.#items.filter((item) => item.key !== key);
    dropFromOutbox(this.#room, key);
    this.run();
  }

  /** Tries the failed one again, under the same key: it is not posted twice. */
  retry() {
    if (this.#items[0]) this.#items[0].failed = false;
    this.run();
  }

  /** The connection is back: what found no answer goes again by itself, what was refused does not. */
  resume() {
    if (this.#items[0]?.unanswered) this.#items[0].failed = false;
    this.run();
  }

  /** Sends what waits, if nothing is on its way. */
  async run(attempt = 1) {
    clearTimeout(this.#timer);
    const [item] = this.#items;
    if (this.#busy || !item || item.failed) return;
    if (!navigator.onLine) return this.#on.waiting(item);
    this.#busy = true;
    this.#on.sending(item);
    try {
      const { response, html } = await send(this.#url, { body: item.body, reply_to: item.reply_to, key: item.key }, item.key);
      this.#items.shift();
      dropFromOutbox(this.#room, item.key);
      this.#busy = false;
      this.#on.sent(item, response, html);
      return this.run();
    } catch (error) {
      this.#busy = false;
      if (!(error instanceof Refused)) throw error;
      return this.#missed(item, error, attempt);
    }
  }

  #missed(item, refused, attempt) {
    const mayPass = refused.status === 0 || refused.status >= 500;
    if (mayPass && (attempt < AGAIN_AT_MOST || !navigator.onLine)) {
      this.#on.waiting(item);
      const pause_ms = refused.problem.retry_after ? refused.problem.retry_after * 1000 : pauseAfter(attempt + 1);
      this.#timer = setTimeout(() => this.run(attempt + 1), pause_ms);
      return;
    }
    item.failed = true;
    item.unanswered = mayPass;
    keepInOutbox(this.#room, item);
    this.#on.failed(item, refused);
  }
}
