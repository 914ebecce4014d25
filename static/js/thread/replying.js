// The composer in place: one open at a time, under the post that is answered. The other keeps its draft.

import { focusOn } from "../markup.js";
import { newKey } from "../requests.js";

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
  const composer = inPlace ? (post.querySelector(":scope > forum-composer") ?? placeUnder(base, post)) : base;
  if (quote && post) composer.quote(Number(post.id.slice("post-".length)));
  composer.open();
  return true;
}

function placeUnder(base, post) {
  const id = post.id.slice("post-".length);
  const name = post.querySelector(".by [data-name], .by a, .by h3")?.textContent.trim() ?? "";
  const copy = base.cloneNode(true);
  const [kind, thread] = base.dataset.draft.split(":");
  copies += 1;
  copy.dataset.draft = `${kind}:${thread}:${id}`;
  delete copy.dataset.folds;
  copy.classList.remove("folded");
  const form = copy.querySelector("form");
  form.setAttribute("aria-label", `Reply to ${name}`);
  form.elements.parent.value = id;
  form.elements.key.value = newKey();
  const area = form.elements.body;
  area.value = "";
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
    focusOn(post.querySelector("h3") ?? post);
  });
  post.append(copy);
  return copy;
}
