// Single keys. Off while typing, with a modifier, and where the member has switched them off.

import { copyLink } from "./copying.js";
import { make } from "./markup.js";
import { me } from "./me.js";

const FIRST_FOR_MS = 1_500;
const STEPPED = "forum-thread, forum-room, forum-queue, forum-list";
const thread = () => document.querySelector("forum-thread");
const room = () => document.querySelector("forum-room");
const queue = () => document.querySelector("forum-queue");
const lists = () => [...document.querySelectorAll("forum-list")];
const isMember = () => me() !== null;
const answers = (place) => () => place() && document.querySelector("forum-composer");

/** Focuses the next (1) or previous (-1) post, message or row. */
function step(by) {
  if (queue()) queue().toCase(by);
  else if (thread()) thread().toPost(by);
  else if (room()) room().toMessage(by);
  else {
    const all = lists();
    const current = all.findIndex((list) => list.contains(document.activeElement));
    const at = Math.max(0, current);
    if (!all[at]?.toRow(by)) all[at + by]?.toRow(by);
  }
}

function press(selector) {
  const control = document.querySelector(selector);
  control?.click();
  return Boolean(control);
}

/** The next or previous network in the rail with something unread. */
function toUnreadNetwork(by) {
  const rows = [...document.querySelectorAll("[data-rail] .tree-nav .row")];
  const current = rows.findIndex((row) => row.matches(".now"));
  const ordered = by > 0 ? rows.slice(current + 1) : rows.slice(0, Math.max(current, 0)).reverse();
  const next = ordered.find((row) => [...row.querySelectorAll("[data-unread-of]")].some((count) => !count.hidden));
  next?.querySelector("a")?.click();
}

/** Keys in the order of the dialog: [key, what it does, act, where]: what does nothing here is not there. */
const KEYS = [
  ["?", "this list", showKeys],
  ["/", "search", () => press(".find, a[href^='/search']")],
  ["g h", "Home", () => location.assign("/")],
  ["g n", "notifications", () => location.assign("/notifications"), isMember],
  ["g r", "reports", () => location.assign("/reports"), () => document.querySelector("[data-rail] a[href='/reports']")],
  ["j", "next", () => step(1), () => document.querySelector(STEPPED)],
  ["k", "previous", () => step(-1), () => document.querySelector(STEPPED)],
  ["n", "next unread post", () => thread().toUnread(1), () => isMember() && thread()],
  ["p", "previous unread post", () => thread().toUnread(-1), () => isMember() && thread()],
  ["u", "the post that this one answers", () => thread().toParent(), thread],
  ["r", "reply to this", () => (thread() ? thread().reply(thread().current) : room().reply(room().current)), answers(() => thread() ?? room())],
  ["R", "reply to the thread", () => thread().reply(null), answers(thread)],
  ["q", "quote this", () => thread().reply(thread().current, true), answers(thread)],
  ["l", "copy the link to this", () => copyLink(thread().current?.querySelector("a.when")?.href ?? location.href), thread],
  ["t", "as a tree, or by time", () => press(".seg a:not([aria-current])"), thread],
  ["1", "the first reason; 2 the second, and so on", () => queue().reason(1), queue],
  ...[2, 3, 4, 5, 6, 7, 8, 9].map((number) => [String(number), "", () => queue().reason(number), queue]),
  ["d", "it must not be kept; Remove then asks", () => queue().forGood(), queue],
  ["x", "to Remove; Enter then does it", () => queue().toDecision("remove"), queue],
  ["o", "to Leave it; Enter then does it", () => queue().toDecision("leave"), queue],
  ["h", "to Hold; Enter then does it", () => queue().toDecision("hold"), queue],
  ["z", "undo the last decision", () => queue().undo(), queue],
  ["Enter", "the thread or room of this case", () => press(".case [data-act=thread]"), () => document.activeElement?.matches(".case h2")],
  ["c", "new thread", () => press("a[href$='/threads/new']"), () => document.querySelector("a[href$='/threads/new']")],
  ["e", "mark as read", markRead, () => document.querySelector(".note form")],
];

function markRead() {
  document.activeElement?.closest(".note")?.querySelector("form button")?.click();
}

function showKeys() {
  const rows = KEYS.filter(([, words, , where]) => words && (!where || where())).map(([keys, words]) =>
    make("li", {}, ...keys.split(" ").map((key) => make("kbd", {}, key)), ` ${words}`),
  );
  if (isMember()) rows.push(make("li", {}, make("kbd", {}, "Alt"), make("kbd", {}, "↑"), make("kbd", {}, "↓"), " network with something unread"));
  const close = make("button", { class: "btn", type: "button" }, "Close");
  const dialog = make("dialog", { class: "keys", "aria-label": "Keys" }, make("h2", {}, "Keys"), make("ul", {}, ...rows), close);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

let first = null;
let firstAt = 0;

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
  if (event.defaultPrevented || event.isComposing || document.documentElement.dataset.keys === "off") return;
  if (event.altKey && !event.ctrlKey && !event.metaKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    event.preventDefault();
    toUnreadNetwork(event.key === "ArrowDown" ? 1 : -1);
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = first !== null && performance.now() - firstAt < FIRST_FOR_MS ? `${first} ${event.key}` : event.key;
  first = event.key === "g" && keys === "g" ? "g" : null;
  firstAt = performance.now();
  const found = KEYS.find(([key, , , where]) => key === keys && (!where || where()));
  if (!found) return;
  event.preventDefault();
  found[2]();
});
