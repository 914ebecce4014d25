// What I have written and not sent, and under which key it was sent: kept in this browser until the server has it.

import { me } from "./me.js";

const prefix = (kind) => `${kind}:${me() ?? "guest"}:`;

function stored(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
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

/** {body, key, sent, at}: the text, its Idempotency-Key, the text as it was first sent under it, and when it was kept; or null. */
export function load(name) {
  return stored(prefix("draft") + name);
}

/** Returns whether it is kept. */
export function save(name, draft) {
  return store(prefix("draft") + name, draft);
}

export function drop(name) {
  store(prefix("draft") + name, null);
}

/** Messages of a room that were not answered yet, in order: [{key, body, reply_to, at}]. */
export function loadOutbox(room) {
  return stored(`${prefix("outbox")}${room}`) ?? [];
}

export function saveOutbox(room, items) {
  store(`${prefix("outbox")}${room}`, items.length ? items : null);
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
