// The same updates where sockets do not pass: one long poll after the other, all channels in one.
//
// A browser has six connections to us, for all of its pages. So a page that nobody looks at does not hold one: it asks in
// short, with pauses, and at once when it is looked at again.

import { pauseAfter } from "./backoff.js";
import { from } from "./requests.js";

/** As many as a socket may follow. */
const MAX_CHANNELS = 200;
const ANSWER_WITHIN_MS = 40_000;
// A poll that has nothing to say waits; what was missed is said at once. So a silence means: caught up.
const SILENCE_MS = 1_500;
const HIDDEN_PAUSE_MS = 20_000;

/**
 * Polls until `stop()`. `on` is {cursors() → {channel: seq}, log() → text, answer(object), caughtUp(), failed(),
 * ended(code)}: `ended` with 4001 or 4003 for a session that is over, 1008 where we are refused; then it has stopped.
 */
export function startPolling(url, on) {
  const stopping = new AbortController();
  let failures = 0;

  async function once() {
    const address = new URL(url, location.href);
    for (const [channel, seq] of Object.entries(on.cursors()).slice(0, MAX_CHANNELS)) {
      address.searchParams.set(`after[${channel}]`, seq);
    }
    address.searchParams.set("as", "html");
    if (on.log()) address.searchParams.set("log", on.log());
    const asking = new AbortController();
    const letGo = () => asking.abort();
    stopping.signal.addEventListener("abort", letGo);
    const late = setTimeout(letGo, ANSWER_WITHIN_MS);
    let inShort = false;
    const silence = setTimeout(() => {
      on.caughtUp();
      inShort = document.hidden;
      if (inShort) letGo();
    }, SILENCE_MS);
    try {
      const { signal } = asking;
      const response = await fetch(address, { signal, credentials: "same-origin", cache: "no-store", headers: from() });
      if (response.status === 401) return 4001;
      if (response.status === 403) return (await response.json()).title === "Suspended" ? 4003 : 1008;
      if (!response.ok) throw new Error(String(response.status));
      const answer = await response.json();
      if (stopping.signal.aborted) return null;
      failures = 0;
      on.answer(answer);
      on.caughtUp();
      return null;
    } catch (error) {
      if (!inShort) throw error;
      await lookedAt();
      return null;
    } finally {
      clearTimeout(silence);
      clearTimeout(late);
      stopping.signal.removeEventListener("abort", letGo);
    }
  }

  /** Until somebody looks at the page, or the pause is over. */
  function lookedAt() {
    return new Promise((resume) => {
      const waking = new AbortController();
      const wake = () => {
        waking.abort();
        resume();
      };
      const timer = setTimeout(wake, HIDDEN_PAUSE_MS * (1 + Math.random() / 2));
      const { signal } = waking;
      signal.addEventListener("abort", () => clearTimeout(timer));
      document.addEventListener("visibilitychange", () => document.hidden || wake(), { signal });
      stopping.signal.addEventListener("abort", wake, { signal });
    });
  }

  async function run() {
    while (!stopping.signal.aborted && Object.keys(on.cursors()).length) {
      try {
        const code = await once();
        if (code !== null) {
          if (!stopping.signal.aborted) on.ended(code);
          return;
        }
      } catch {
        if (stopping.signal.aborted) return;
        failures += 1;
        on.failed();
        await new Promise((resume) => setTimeout(resume, pauseAfter(failures + 1)));
      }
    }
  }

  run();
  return { stop: () => stopping.abort() };
}
