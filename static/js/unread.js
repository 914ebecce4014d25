// Counts that are mine: asked for when something may have changed them, never more often than every two seconds, and
// only while somebody looks.

import { me } from "./me.js";
import { Refused, json } from "./requests.js";
import { onUpdate } from "./updates.js";
import { badge } from "./words.js";

const EVERY_MS = 2_000;
const SPREAD_MS = 1_500;
const MAX_THREADS = 100;
const KINDS = /^(case\.|thread\.(created|touched)|room\.touched|reads\.changed|notification\.|conversation\.|membership\.changed|post\.(removed|held|restored|withdrawn))/;

let timer = null;
let askedAt = -Infinity;
let stale = false;

function places() {
  return [...document.querySelectorAll("[data-unread-of]")];
}

/** Asks soon: at once if it is long ago, else when two seconds have passed; screens spread out by chance. */
export function askUnread() {
  if (me() === null) return;
  stale = true;
  if (timer !== null || document.hidden) return;
  const wait_ms = Math.max(0, askedAt + EVERY_MS - performance.now()) + Math.random() * SPREAD_MS;
  timer = setTimeout(ask, wait_ms);
}

async function ask() {
  timer = null;
  stale = false;
  askedAt = performance.now();
  const threads = places().flatMap(({ dataset }) => dataset.unreadOf.match(/^thread:(\d+)$/)?.[1] ?? []);
  try {
    show(await json(`/unread?threads=${[...new Set(threads)].slice(0, MAX_THREADS).join(",")}`));
  } catch (error) {
    // The next update asks again.
    if (!(error instanceof Refused)) throw error;
  }
}

function show(counts) {
  for (const place of places()) {
    const [of, id] = place.dataset.unreadOf.split(":");
    const count = countOf(counts, of, id);
    if (count !== undefined) write(place, count);
  }
  title(counts.notifications ?? 0);
  allRead(counts);
}

/** Home never says "All read." while something is not. */
function allRead({ notifications, conversations, unread_threads: threads, networks = {} }) {
  const some = Boolean(notifications || conversations || threads || Object.values(networks).some(({ mentions }) => mentions));
  for (const place of document.querySelectorAll("[data-all-read]")) place.hidden = some;
  for (const place of document.querySelectorAll("[data-not-all-read]")) place.hidden = !some;
}

function countOf(counts, of, id) {
  if (["notifications", "reports", "conversations"].includes(of)) return counts[of] ?? 0;
  if (of === "all") return counts.unread_threads ?? 0;
  if (of === "thread") return counts.threads?.[id];
  return counts.networks?.[id]?.[{ network: "threads", room: "room", mentions: "mentions" }[of]];
}

function write(place, count) {
  place.hidden = count === 0;
  place.closest("[data-unread-row]")?.classList.toggle("unread", rowIsUnread(place, count));
  if (place.dataset.words === "fixed" || count === 0) return;
  const words = badge(count) + (place.dataset.words === "new" ? " new" : "");
  if (place.firstChild?.nodeType === Node.TEXT_NODE) place.firstChild.data = words;
  else place.prepend(words);
}

/** A row holds a network's threads and its room: its name is bold for threads alone. */
function rowIsUnread(place, count) {
  const row = place.closest("[data-unread-row]");
  const first = row.querySelector("[data-unread-of]");
  return first === place ? count > 0 : row.classList.contains("unread");
}

/** "(4) Home". */
function title(count) {
  const bare = document.title.replace(/^\(\d+\+?\) /, "");
  document.title = count ? `(${badge(count)}) ${bare}` : bare;
}

onUpdate((frame) => {
  if (frame.type === "update" && KINDS.test(frame.kind)) askUnread();
});
document.addEventListener("visibilitychange", () => stale && askUnread());
// A page that the back button brings shows the counts of when it was left.
addEventListener("pageshow", ({ persisted }) => persisted && askUnread());
