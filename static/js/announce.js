// What is said to screen readers: sentences in two live regions, each topic no oftener than its rate.

import { me } from "./me.js";
import { counted } from "./words.js";

const topics = new Map();

function say(region, sentence) {
  const place = document.getElementById(region);
  if (!place) return;
  // The same sentence twice is only spoken twice if the region was empty in between.
  place.textContent = "";
  setTimeout(() => (place.textContent = sentence), 50);
}

/** Says a sentence when the reader has time for it. */
export function polite(sentence) {
  say("polite", sentence);
}

/** Interrupts: only for "not sent", signed out, suspended. */
export function assertive(sentence) {
  say("assertive", sentence);
}

/** Says `sentenceOf(items)` for all items of the topic that came since the last time, at most once in `gap_ms`. */
export function rated(topic, item, gap_ms, sentenceOf) {
  const state = topics.get(topic) ?? { items: [], timer: null, saidAt: -Infinity };
  topics.set(topic, state);
  state.items.push(item);
  if (state.timer !== null) return;
  const wait_ms = Math.max(0, state.saidAt + gap_ms - performance.now());
  state.timer = setTimeout(() => {
    state.timer = null;
    state.saidAt = performance.now();
    polite(sentenceOf(state.items.splice(0)));
  }, wait_ms);
}

/** Says that a post or message of this author has gone. What I did here myself is said where I did it. */
export function sayGone({ type, kind }, author, gap_ms) {
  if (type === "answer") return;
  const [noun, act] = kind.split(".");
  if (act === "withdrawn" && author === me()) return polite(`${noun === "post" ? "Post" : "Message"} withdrawn.`);
  const how = act === "withdrawn" ? act : "removed";
  return rated(how, 1, gap_ms, (all) => `${all.length === 1 ? `A ${noun} was` : `${counted(all.length, "", `${noun}s`)} were`} ${how}.`);
}
