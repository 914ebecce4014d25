// Keeps this page connected: a socket; after two that failed the long poll, while it keeps trying the socket.
//
// It promises order only as far as the wire does; what is applied, and how far, the cursors say. Whatever comes is
// handed to `on.frame`; both ways may bring the same update while one takes over from the other.

import { pauseAfter, pauseAfterRestart } from "./backoff.js";
import { startPolling } from "./poll.js";
import { openSocket } from "./socket.js";

const POLL_AFTER_FAILURES = 2;
const STEADY_MS = 10_000;
const ANSWER_WITHIN_MS = 5_000;
const QUIET_MS = 120_000;
const REFUSED_PAUSE_MS = 60_000;
const ENDS = [4001, 4003];

export class Connection {
  #cursors;
  #log;
  #on;
  #socket = null;
  #poll = null;
  #running = false;
  #live = false;
  #failures = 0;
  #retry = null;
  #probe = null;
  #quiet = null;
  /** Channels that were asked for on this socket and not answered yet. */
  #asked = new Set();

  /** `on` is {frame(object), live(boolean), ended(code), closed(code)}. */
  constructor(cursors, log, on) {
    this.#cursors = cursors;
    this.#log = log;
    this.#on = on;
  }

  get isLive() {
    return this.#live;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#open();
  }

  stop() {
    this.#running = false;
    this.#letGo();
    this.#endPoll();
    clearTimeout(this.#retry);
    this.#setLive(false);
  }

  /** Something has changed (a network is back, the lid is open): see at once whether the connection holds. */
  nudge() {
    if (!this.#running) return;
    if (this.#poll) this.#pollAnew();
    if (this.#socket && this.#live) this.#check();
    else if (!this.#socket) this.#open();
  }

  /** Follows channels after their cursors: new ones, or one in which an update is missing. */
  follow(channels) {
    const wanted = channels.filter((channel) => this.#cursors.has(channel) && !this.#asked.has(channel));
    if (wanted.length && this.#socket?.send({ type: "follow", channels: this.#cursors.of(wanted), ...this.#logged() })) {
      for (const channel of wanted) this.#asked.add(channel);
    }
  }

  send(message) {
    return this.#socket?.send(message) ?? false;
  }

  #logged() {
    return this.#log ? { log: this.#log } : {};
  }

  #open() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#letGo();
    const openedAt = performance.now();
    const url = new URL("/live", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.#asked.clear();
    this.#socket = openSocket(url, {
      opened: () => {
        this.follow(this.#cursors.channels);
        this.#expectAnswer();
      },
      frame: (frame) => this.#take(frame),
      closed: (code) => {
        const caughtUp = this.#live && !this.#poll;
        this.#socket = null;
        this.#closed(code, caughtUp && performance.now() - openedAt > STEADY_MS);
      },
    });
  }

  #take(frame) {
    clearTimeout(this.#probe);
    this.#probe = null;
    this.#waitQuietly();
    if (["following", "reset", "gone", "error"].includes(frame.type)) this.#asked.delete(frame.channel);
    this.#on.frame(frame);
    if (!this.#asked.size && this.#socket) {
      this.#endPoll();
      this.#setLive(true);
    }
  }

  #closed(code, wasSteady) {
    clearTimeout(this.#probe);
    clearTimeout(this.#quiet);
    if (!this.#running) return;
    if (!this.#poll) this.#setLive(false);
    this.#on.closed(code);
    if (ENDS.includes(code)) {
      this.stop();
      this.#on.ended(code);
      return;
    }
    if (code === 1012 || code === 1013) {
      this.#retryAfter(pauseAfterRestart());
      return;
    }
    this.#failures = wasSteady ? 1 : this.#failures + 1;
    if (this.#failures >= POLL_AFTER_FAILURES && !this.#poll) this.#startPoll();
    this.#retryAfter(code === 1008 ? REFUSED_PAUSE_MS : pauseAfter(this.#failures));
  }

  #retryAfter(pause_ms) {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), pause_ms);
  }

  #startPoll() {
    this.#poll = startPolling("/api/v1/updates", {
      cursors: () => this.#cursors.of(),
      log: () => this.#log,
      answer: (answer) => {
        for (const frame of answer.updates) this.#on.frame(frame);
        for (const channel of answer.gone) this.#on.frame({ type: "gone", channel });
        for (const channel of answer.reset) this.#on.frame({ type: "reset", channel });
      },
      caughtUp: () => this.#setLive(true),
      failed: () => {
        if (!this.#socket || this.#asked.size) this.#setLive(false);
      },
      ended: (code) => {
        this.#poll = null;
        if (code === 1008) return;
        this.stop();
        this.#on.ended(code);
      },
    });
  }

  /** One that was cut off in silence would wait for its answer, and one that failed for its turn. */
  #pollAnew() {
    this.#endPoll();
    this.#startPoll();
  }

  #endPoll() {
    this.#poll?.stop();
    this.#poll = null;
  }

  #letGo() {
    clearTimeout(this.#probe);
    clearTimeout(this.#quiet);
    this.#socket?.close();
    this.#socket = null;
  }

  /** A socket that was dropped in silence looks open: ask for what we have, and give it up if nothing comes. */
  #check() {
    if (this.#probe !== null || !this.#cursors.channels.length) return;
    this.follow([this.#cursors.channels[0]]);
    this.#expectAnswer();
  }

  #expectAnswer() {
    clearTimeout(this.#probe);
    this.#probe = setTimeout(() => {
      this.#probe = null;
      this.#letGo();
      this.#closed(1006, false);
    }, ANSWER_WITHIN_MS);
  }

  #waitQuietly() {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(
      () => (document.visibilityState === "visible" ? this.#check() : this.#waitQuietly()),
      QUIET_MS * (1 + Math.random() / 2),
    );
  }

  #setLive(live) {
    if (live === this.#live) return;
    this.#live = live;
    this.#on.live(live);
  }
}
