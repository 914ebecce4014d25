// The same updates where sockets do not pass: one long poll after the other, all channels in one.

import { pauseAfter } from "./backoff.js";

const MAX_CHANNELS = 50;
const ANSWER_WITHIN_MS = 40_000;
// A poll that has nothing to say waits; what was missed is said at once. So a silence means: caught up.
const SILENCE_MS = 1_500;

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
    const silence = setTimeout(on.caughtUp, SILENCE_MS);
    try {
      const signal = AbortSignal.any
        ? AbortSignal.any([stopping.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)])
        : stopping.signal;
      const response = await fetch(address, { signal, credentials: "same-origin", cache: "no-store" });
      if (response.status === 401) return 4001;
      if (response.status === 403) return (await response.json()).title === "Suspended" ? 4003 : 1008;
      if (!response.ok) throw new Error(String(response.status));
      const answer = await response.json();
      if (stopping.signal.aborted) return null;
      failures = 0;
      on.answer(answer);
      on.caughtUp();
      return null;
    } finally {
      clearTimeout(silence);
    }
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
