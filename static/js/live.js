// <forum-live>: one per page. Follows the page's channels, applies what comes, and says at my name how it stands.
//
// A frame is applied in one synchronous act and its cursor moves after it. One that cannot be applied is never
// skipped: the page is then out of date, and says so.

import { assertive, polite } from "./announce.js";
import { Connection } from "./connection.js";
import { Cursors } from "./cursors.js";
import { clearChannel } from "./gone.js";
import { make } from "./markup.js";
import { me } from "./me.js";
import { apply } from "./updates.js";
import { onWaking } from "./waking.js";
import { attach } from "./wire.js";
import { BACK, OFFLINE, OUT_OF_DATE, RESTARTING, SIGNED_OUT, SUSPENDED } from "./words.js";

const WORD_AFTER_MS = 1_000;
const BANNER_AFTER_MS = 8_000;
const BACK_FOR_MS = 3_000;
const RELOAD_SPREAD_MS = 2_000;
const RELOADED_KEY = "reloaded-at";
const RELOAD_AT_MOST_EVERY_MS = 15_000;
const MAX_ASKS = 3;

class ForumLive extends HTMLElement {
  #cursors;
  #connection;
  #log;
  #lastCode = 0;
  #banner = null;
  #timers = [];
  /** How often each channel was asked for again without its gap being filled. */
  #asks = new Map();
  #over = false;

  connectedCallback() {
    if (this.#connection) return;
    const channels = JSON.parse(this.dataset.channels || "{}");
    this.#log = this.dataset.log ?? null;
    this.#cursors = new Cursors(channels);
    if (!this.#cursors.channels.length) return;
    attach(this);
    this.#connection = new Connection(this.#cursors, this.#log, {
      frame: (frame) => this.#take(frame),
      live: (live) => this.#stands(live),
      closed: (code) => (this.#lastCode = code),
      ended: (code) => this.#ended(code),
    });
    // A page with an open socket is not kept for the back button; one that comes back has its cursors.
    addEventListener("pagehide", () => this.#connection.stop());
    addEventListener("pageshow", () => this.#over || this.#connection.start());
    addEventListener("online", () => {
      if (this.#connection.isLive) this.#stands(true);
      this.#connection.nudge();
    });
    addEventListener("offline", () => this.#show("offline"));
    document.addEventListener("visibilitychange", () => document.hidden || this.#connection.nudge());
    onWaking(() => this.#connection.nudge());
    this.#stands(false);
    this.#connection.start();
  }

  send(message) {
    return this.#connection.send(message);
  }

  follow(channels) {
    if (!this.#connection) return;
    const added = Object.entries(channels).filter(([channel, seq]) => this.#cursors.add(channel, seq));
    this.#connection.follow(added.map(([channel]) => channel));
  }

  #take(frame) {
    switch (frame.type) {
      case "update":
        return this.#update(frame);
      case "following":
        return this.#following(frame);
      case "reset":
        return this.#outOfDate();
      case "gone":
        return this.#gone(frame.channel);
      case "error":
        if (frame.code === "not_found" && frame.channel) this.#refused(frame.channel);
        return undefined;
      default:
        return apply(frame);
    }
  }

  #update(frame) {
    let outcome;
    try {
      outcome = this.#cursors.take(frame, apply);
    } catch (error) {
      // A removal that half the page has not heard of must not wait for somebody to press a button.
      this.#outOfDate(true);
      throw error;
    }
    if (outcome === "applied") this.#asks.delete(frame.channel);
    if (outcome === "gap") this.#connection.follow([frame.channel]);
  }

  #following({ channel, seq, log }) {
    if (this.#log !== null && log !== this.#log) {
      this.#outOfDate();
    } else if (this.#cursors.add(channel, seq)) {
      // The server follows my own channel by itself.
    } else if (seq > this.#cursors.get(channel)) {
      const asked = (this.#asks.get(channel) ?? 0) + 1;
      this.#asks.set(channel, asked);
      if (asked > MAX_ASKS) this.#outOfDate();
      else this.#connection.follow([channel]);
    } else {
      this.#asks.delete(channel);
    }
  }

  #gone(channel) {
    if (this.#cursors.drop(channel)) clearChannel(channel);
  }

  #refused(channel) {
    if (channel !== `member:${me()}`) return this.#gone(channel);
    // Not to whom it belongs: somebody else has signed in in this browser. Who is shut out is told so by the close.
    this.#connection.stop();
    return this.#ended(4001);
  }

  #ended(code) {
    this.#over = true;
    // The loss of the connection came first, and would have its words in a moment.
    this.#clearTimers();
    if (code === 4003) {
      assertive(SUSPENDED);
      // Every page of a suspended account is the page that says so; drafts are in storage.
      location.reload();
      return;
    }
    assertive(SIGNED_OUT);
    document.dispatchEvent(new CustomEvent("forum:signed-out"));
    this.#words("Signed out", false);
    const next = encodeURIComponent(location.pathname + location.search);
    this.#draw(SIGNED_OUT, make("a", { class: "btn", href: `/sign-in?next=${next}` }, "Sign in"));
  }

  #outOfDate(atOnce = false) {
    if (this.#over) return;
    this.#over = true;
    this.#connection.stop();
    const last = Number(sessionStorage.getItem(RELOADED_KEY));
    const again = Date.now() - last < RELOAD_AT_MOST_EVERY_MS;
    if (!again && (atOnce || !isWriting())) {
      sessionStorage.setItem(RELOADED_KEY, String(Date.now()));
      setTimeout(() => location.reload(), atOnce ? 0 : Math.random() * RELOAD_SPREAD_MS);
      return;
    }
    const reload = make("button", { class: "btn", type: "button" }, "Reload");
    reload.addEventListener("click", () => location.reload());
    this.#words("Out of date", false);
    this.#draw(OUT_OF_DATE, reload);
  }

  #stands(live) {
    this.#clearTimers();
    if (this.#over) return;
    document.dispatchEvent(new CustomEvent("forum:connection", { detail: { live } }));
    if (this.#banner?.textContent === BACK) this.#draw(null);
    if (live) {
      this.#words("Live", true);
      if (this.#banner) {
        this.#draw(BACK);
        polite(BACK);
        this.#after(BACK_FOR_MS, () => this.#draw(null));
      }
    } else if (!navigator.onLine) {
      this.#show("offline");
    } else {
      this.#after(WORD_AFTER_MS, () => this.#words("Reconnecting…", false));
      this.#after(BANNER_AFTER_MS, () => this.#show("away"));
    }
  }

  /** The banner: no connection, or none for a while. */
  #show(why) {
    if (this.#over || (why === "away" && this.#connection.isLive)) return;
    this.#words("Reconnecting…", false);
    const again = make("button", { class: "btn", type: "button" }, "Try now");
    again.addEventListener("click", () => this.#connection.nudge());
    const restarting = why === "away" && this.#lastCode === 1012;
    this.#draw(restarting ? RESTARTING : OFFLINE, again);
    polite(restarting ? RESTARTING : OFFLINE);
  }

  #words(words, here) {
    for (const place of document.querySelectorAll("[data-connection]")) {
      place.hidden = me() === null && !here;
      place.replaceChildren(...(here ? [make("span", { class: "dot" })] : []), words);
    }
  }

  #draw(sentence, control = null) {
    this.#banner?.remove();
    this.#banner = null;
    if (sentence === null) return;
    this.#banner = make("div", { class: "banner" }, make("span", {}, sentence), ...(control ? [control] : []));
    this.append(this.#banner);
  }

  #after(wait_ms, act) {
    this.#timers.push(setTimeout(act, wait_ms));
  }

  #clearTimers() {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}

/** Whether a reload would take words from somebody, what is shown once, or a dialog: what a composer keeps is there again after it. */
function isWriting() {
  const { activeElement } = document;
  if (document.querySelector("dialog[open], [data-once]") || (activeElement?.matches("textarea, input") && activeElement.value)) return true;
  return [...document.querySelectorAll("textarea, input:not([type=hidden])")].some(
    (field) => field.value !== field.defaultValue && !field.closest("forum-composer")?.isKept,
  );
}

customElements.define("forum-live", ForumLive);
