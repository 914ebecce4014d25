// What I have written and not sent, and under which key it was sent: kept in this browser until the server has it.

import { me } from "./me.js";

const prefix = (kind) => `${kind}:${me() ?? "guest"}:`;

function stored(name) {
  try {
    return parsed(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function store(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    // Full or forbidden: the text still stands in the page.
    return false;
  }
}

/**
 * {body, key, sent, at}: the text, its Idempotency-Key, the text as it was first sent under it, and when it was kept; of a
 * thread also its {title, with}; or null.
 */
export function load(name) {
  return stored(prefix("draft") + name);
}

/** Returns whether it is kept. */
export function save(name, draft) {
  return store(prefix("draft") + name, draft);
}

/** Forgets it; with `body`, only if it is that text still: another window may have gone on with it. */
export function drop(name, body = null) {
  if (body === null || load(name)?.body === body) store(prefix("draft") + name, null);
}

/** `heard(before, now)`, drafts or null, when another window keeps or drops this one. Returns what ends it. */
export function onElsewhere(name, heard) {
  const listener = ({ key, oldValue, newValue }) => {
    if (key === prefix("draft") + name) heard(parsed(oldValue), parsed(newValue));
  };
  addEventListener("storage", listener);
  return () => removeEventListener("storage", listener);
}

/** Messages of a room that were not answered yet, in order: [{key, body, reply_to, at}]. */
export function loadOutbox(room) {
  return stored(`${prefix("outbox")}${room}`) ?? [];
}

/** Keeps one of them, or what has become of it. Those of other windows stay. */
export function keepInOutbox(room, item) {
  const others = loadOutbox(room);
  const at = others.findIndex(({ key }) => key === item.key);
  store(`${prefix("outbox")}${room}`, others.toSpliced(at < 0 ? others.length : at, Number(at >= 0), item));
}

export function dropFromOutbox(room, key) {
  const others = loadOutbox(room).filter((item) => item.key !== key);
  store(`${prefix("outbox")}${room}`, others.length ? others : null);
}

/** How many drafts and waiting messages of mine this browser keeps. */
export function countKept() {
  return mine().length;
}

/** Forgets all of them. */
export function forgetAll() {
  for (const name of mine()) store(name, null);
}

function mine() {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(prefix("draft")) || name.startsWith(prefix("outbox")));
  } catch {
    return [];
  }
}
