// Where live frames meet what shows them. A frame is applied in one synchronous act, or it was not applied.

import { element, focusOn, isGap } from "./markup.js";

const MAX_KEPT = 500;

const listeners = new Set();
/** "post-77" → the last update of it: for what was asked for before the update, and comes after it. */
const latest = new Map();

/** `listener(frame)` hears every update once, in order. Returns the function that ends it. */
export function onUpdate(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Hands a frame to all who listen. `frame.node` is its fragment: it belongs to all, so whoever shows it takes a copy.
 * One that fails keeps no other from hearing (a removal must reach every place); then the first failure is thrown.
 */
export function apply(frame) {
  frame.node = frame.html && !frame.gone ? element(frame.html) : null;
  if (frame.type === "update") keep(frame);
  const failures = [];
  for (const listener of [...listeners]) {
    try {
      listener(frame);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length) throw failures[0];
}

function keep(frame) {
  const ref = `${frame.kind.split(".")[0]}-${frame.id}`;
  latest.delete(ref);
  latest.set(ref, frame);
  if (latest.size > MAX_KEPT) latest.delete(latest.keys().next().value);
}

/** The words of a channel that I may no longer follow are kept no longer; that something has lost its words is. */
export function forget(channel) {
  for (const [ref, frame] of latest) {
    const isBare = frame.gone || frame.title === null || frame.name === null || (frame.node && isGap(frame.node) && !("title" in frame));
    if (frame.channel === channel && !isBare) latest.delete(ref);
  }
}

/** The last update of "post-77" that came live, if it is at least as new as `version`; else null. */
export function newest(ref, version = 0) {
  const frame = latest.get(ref) ?? null;
  return frame !== null && (frame.gone || (frame.version ?? 0) >= version) ? frame : null;
}

/** Applies the answer to a write of mine, as the update that comes for it too; a newer update that was quicker wins. */
export function answered(kind, response, html) {
  const id = Number(response.headers.get("Forum-Id"));
  if (!id) return;
  const version = Number(response.headers.get("Forum-Version")) || 0;
  const quicker = newest(`${kind.split(".")[0]}-${id}`, version);
  const { html: words, gone = false, author } = quicker ?? { html };
  const channel = response.headers.get("Forum-Channel") ?? "";
  apply({ type: "answer", channel, kind, id, version: quicker?.version ?? version, html: words, gone, author });
}

/** After an answer: where what had the focus has gone with it, the focus is on what was acted on, else on the page. */
export function landed(kind, response) {
  if (document.activeElement !== document.body) return;
  const place = document.getElementById(`${kind.split(".")[0]}-${response.headers.get("Forum-Id")}`);
  if (place?.checkVisibility()) focusOn(place, {});
  else focusOn(document.getElementById("case-title") ?? document.getElementById("main"));
}
