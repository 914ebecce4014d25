// The composer in place: one open at a time, under the post that is answered. The other keeps its draft, and its post says
// so. As a page opens, the reply that was written last stands open again.

import * as drafts from "../drafts.js";
import { fateOf, focusOn } from "../markup.js";
import { keepPlace } from "../place.js";
import { newKey } from "../requests.js";
import { onUpdate } from "../updates.js";

const BEGUN = "Draft: go on with your reply";

let copies = 0;

/**
 * Opens the thread's composer under `post`, or the one in the dock for null and for the opening post. With `quote`
 * the text begins with a quote by reference. Returns whether there was one to open.
 */
export function openReply(thread, post, quote) {
  const base = thread.querySelector(".dock forum-composer");
  if (!base || base.isClosed) return false;
  const inPlace = post !== null && post !== thread.opening;
  const open = thread.querySelector(":is(.post, .opening) > forum-composer");
  if (open && (!inPlace || open.parentElement !== post)) open.remove();
  const composer = inPlace ? (composerIn(post) ?? placeUnder(thread, base, post)) : base;
  markDrafts(thread);
  if (quote && post) composer.quote(Number(idOf(post)));
  composer.open();
  return true;
}

const composerIn = (post) => post.querySelector(":scope > forum-composer");
const idOf = (post) => post.id.slice("post-".length);

/** The name under which a reply to `post` is kept. It names no thread: posts may move to another. */
const draftOf = (post) => `reply:${idOf(post)}`;

/** Where a reply was begun and is not open, the link to reply says so. */
function markDrafts(thread) {
  for (const post of thread.list.children) {
    const link = post.querySelector('.acts [data-act="reply"]');
    const words = link && [...link.childNodes].find((node) => node.nodeType === Node.TEXT_NODE);
    if (!words) continue;
    const begun = !composerIn(post) && Boolean(drafts.load(draftOf(post))?.body);
    if (begun === "begun" in link.dataset) continue;
    link.toggleAttribute("data-begun", begun);
    words.data = begun ? BEGUN : "Reply";
  }
}

/** Opens what was written last, without the focus and without moving what is read. */
function reopen(thread, base) {
  const begun = [...thread.list.children].map((post) => ({ post, ...drafts.load(draftOf(post)) })).filter(({ body }) => body);
  if (!begun.length) return;
  const { post } = begun.reduce((last, one) => ((one.at ?? 0) > (last.at ?? 0) ? one : last));
  keepPlace(thread.list, () => placeUnder(thread, base, post));
  markDrafts(thread);
}

function placeUnder(thread, base, post) {
  const id = idOf(post);
  // Beside the name stand words for screen readers; a gap has none.
  const name = post.querySelector(".by h3 > *")?.textContent.trim() ?? `a ${fateOf(post)} post`;
  const copy = base.cloneNode(true);
  copies += 1;
  copy.dataset.draft = draftOf(post);
  delete copy.dataset.folds;
  copy.classList.remove("folded");
  const form = copy.querySelector("form");
  form.setAttribute("aria-label", `Reply to ${name}`);
  form.elements.parent.value = id;
  form.elements.key.value = newKey();
  const area = form.elements.body;
  area.value = "";
  area.placeholder = `Reply to ${name}`;
  const label = form.querySelector("label");
  area.id = `reply-${copies}`;
  if (label) {
    label.htmlFor = area.id;
    label.textContent = `Reply to ${name}`;
  }
  for (const place of copy.querySelectorAll("[data-note], [data-problem], [data-preview], [data-counter], [data-kept]")) {
    place.hidden = true;
  }
  const to = copy.querySelector(".to");
  if (to) {
    to.hidden = false;
    const shown = to.querySelector("[data-to-name]");
    shown.textContent = name;
    if (post.dataset.author) shown.dataset.name = post.dataset.author;
  }
  copy.addEventListener("forum:close", () => {
    copy.remove();
    markDrafts(thread);
    focusOn(post.querySelector("h3") ?? post);
  });
  post.append(copy);
  return copy;
}

Promise.all(["forum-thread", "forum-composer"].map((name) => customElements.whenDefined(name))).then(() => {
  const thread = document.querySelector("forum-thread");
  const base = thread?.querySelector(".dock forum-composer");
  if (!base) return;
  reopen(thread, base);
  // A post that was edited, or is back, is drawn anew.
  onUpdate(({ kind }) => kind?.startsWith("post.") && markDrafts(thread));
});
