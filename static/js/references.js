// Every place that shows something of another row: one frame clears or renews them all (contract: data-ref and kin).

import { become, excerpt, fateOf, isGap, make } from "./markup.js";
import { newest, onUpdate } from "./updates.js";
import { FORMER, UNTITLED, initials } from "./words.js";

const EXCERPT_CHARS = 140;

function each(selector, act) {
  for (const place of document.querySelectorAll(selector)) act(place);
}

function write(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

/** A member's name, role and initials, wherever they stand. */
function memberChanged({ id, name, role, initials: letters }) {
  if (name === undefined) { // to guests it is not told: what a public page shows of them is asked for anew
    if (document.querySelector(`[data-name="${id}"], [data-author="${id}"]`)) location.reload();
    return;
  }
  const shown = name ?? FORMER;
  each(`[data-author="${id}"]`, (written) => rename(written, id, shown));
  each(`[data-name="${id}"]`, (place) => write(place, place.matches(".mention") ? `@${shown}` : shown));
  each(`[data-role-of="${id}"]`, (place) => write(place, role ?? ""));
  each(`[data-avatar="${id}"]`, (place) => write(place, name === null ? "–" : (letters ?? initials(shown))));
}

/** A network's name, and its head on a page of its own. */
function networkChanged({ id, name, node }) {
  if (name === undefined) return; // it is not ours to see here
  const head = document.querySelector(`#network-head[data-network="${id}"]`);
  if (head && node) become(head, node);
  each(`[data-network-name="${id}"]`, (place) => write(place, name));
}

/** What a post or message says of its author's name beside the name itself: labels. */
function rename(written, id, name) {
  const before = written.querySelector(`.by [data-name="${id}"]`)?.textContent;
  if (!before || before === name) return;
  for (const control of written.querySelectorAll("[aria-label], .acts .sr")) {
    const label = control.getAttribute("aria-label");
    if (label?.endsWith(before)) control.setAttribute("aria-label", label.slice(0, -before.length) + name);
    if (control.matches(".sr") && control.textContent.endsWith(before)) control.textContent = control.textContent.slice(0, -before.length) + name;
  }
}

/** Empties what was drawn from a post or message that is a gap now, or renews what its author's name is part of. */
function contributionChanged(kind, frame) {
  const ref = `${kind}-${frame.id}`;
  const gone = frame.gone || !frame.node || isGap(frame.node);
  each(`[data-ref="${ref}"]`, (place) => {
    if (place.closest(".to, .re")) answerTo(kind, place, frame, gone);
    else if (gone) empty(kind, place, frame);
  });
}

/** What only says that there is a gap now brings no node: the gap itself may stand on the page already. */
const fateIn = (kind, frame) => fateOf(frame.node ?? document.getElementById(`${kind}-${frame.id}`));

function answerTo(kind, place, frame, gone) {
  if (gone) {
    place.textContent = `in reply to a ${fateIn(kind, frame)} ${kind}`;
    return;
  }
  const { author } = frame.node.dataset;
  const name = make("span", author ? { "data-name": author } : {}, frame.author ?? FORMER);
  if (place.closest(".re")) place.replaceChildren(name, `: ${excerpt(frame.node.querySelector(".prose"), EXCERPT_CHARS)}`);
  else place.replaceChildren("in reply to ", name);
}

function empty(kind, place, frame) {
  if (place.closest("small")) leaveOut(place);
  else if (place.matches("blockquote")) place.textContent = `The quoted post has been ${fateIn(kind, frame)}.`;
  else if (place.matches("li")) place.remove();
  else place.textContent = place.dataset.removed || `The ${kind} has been ${fateIn(kind, frame)}.`;
}

/** "to Priya · 08:51" → "08:51". */
function leaveOut(place) {
  for (const beside of [place.previousSibling, place.nextSibling]) if (beside?.nodeType === Node.TEXT_NODE) beside.remove();
  place.remove();
}

/** Clears, in what was fetched a while ago, what live updates have cleared since. */
export function clean(root) {
  for (const place of root.querySelectorAll("[data-ref]")) {
    const frame = newest(place.dataset.ref);
    if (frame === null || (frame.node && !isGap(frame.node))) continue;
    const [kind] = place.dataset.ref.split("-");
    if (place.closest(".to, .re")) answerTo(kind, place, frame, true);
    else empty(kind, place, frame);
  }
  for (const place of root.querySelectorAll("[data-title]")) {
    const frame = newest(`thread-${place.dataset.title}`);
    if (frame !== null && "title" in frame) write(place, frame.title ?? UNTITLED);
  }
}

onUpdate((frame) => {
  const [noun, happened] = (frame.kind ?? "").split(".");
  if (frame.kind === "member.changed") memberChanged(frame);
  else if (frame.kind === "network.changed") networkChanged(frame);
  else if (noun === "gap") contributionChanged("message", frame);
  else if (noun === "thread" && "title" in frame) each(`[data-title="${frame.id}"]`, (place) => write(place, frame.title ?? UNTITLED));
  else if ((noun === "post" || noun === "message") && happened !== "created") contributionChanged(noun, frame);
});
