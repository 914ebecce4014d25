// What I may do here has changed: the composer's place says so, and why, and until when, with the text still in it; tabs
// and menus are those of my role now.

import { become, focusOn } from "./markup.js";
import { me } from "./me.js";
import { clean } from "./references.js";
import { Refused, page } from "./requests.js";
import { onUpdate } from "./updates.js";

const WAIT_MS = 200;
const SPREAD_MS = 1_500;
const PART = "[data-standing]";
let timer = null;
/** Whether I could not write here when it was asked last. */
let barred = false;
let locked = document.getElementById("thread-head")?.dataset.locked ?? null;

async function renew() {
  timer = null;
  if (!document.querySelector(`.dock, ${PART}`)) return;
  let fresh;
  try {
    fresh = await page(location.href);
  } catch (error) {
    // What I may no longer read is cleared by its channel; an act that is refused says why.
    if (!(error instanceof Refused)) throw error;
    return;
  }
  clean(fresh);
  for (const part of document.querySelectorAll(PART)) drawPart(part, fresh.querySelector(`[data-standing="${part.dataset.standing}"]`));
  await drawDock(document.querySelector(".dock"), fresh.querySelector(".dock"));
}

/** A menu in it that is open stays open, and the focus on the link that it was on. */
function drawPart(part, fresh) {
  if (!fresh) return;
  if (part.querySelector("details[open]")) fresh.querySelector("details")?.setAttribute("open", "");
  const way = part.contains(document.activeElement) && document.activeElement.getAttribute("href");
  become(part, fresh);
  const same = way && part.querySelector(`a[href="${CSS.escape(way)}"]`);
  if (same) focusOn(same);
}

async function drawDock(dock, fresh) {
  if (!dock || !fresh) return;
  const closed = fresh.querySelector("[data-closed]");
  const composer = fresh.querySelector("forum-composer");
  const writing = dock.querySelector("forum-composer");
  dock.querySelector("[data-closed]")?.remove();
  // A page that came without a composer came without its script too.
  if (!writing && composer) await import("./writing/composer.js");
  if (!writing && composer) dock.append(composer);
  if (!writing && closed) dock.append(closed);
  const sentence = composer ? null : (closed?.querySelector("span")?.textContent.trim() ?? null);
  barred = sentence !== null;
  document.dispatchEvent(new CustomEvent("forum:standing", { detail: { sentence } }));
}

onUpdate(({ type, channel, kind, id }) => {
  if (type !== "update" || me() === null || kind !== "membership.changed" || channel !== `member:${me()}`) return;
  // Who asked to join is in: almost nothing of the page is as it was.
  if (document.querySelector(`[data-asked="${id}"]`)) location.reload();
  else timer ??= setTimeout(renew, WAIT_MS);
});

// Whom a lock kept from writing may do so again, or be kept from it for another reason.
document.addEventListener("forum:lock", ({ detail }) => {
  const opened = locked !== null && detail.sentence === null;
  locked = detail.sentence;
  if (me() === null || !opened) return;
  if (barred || !document.querySelector(".dock forum-composer")) timer ??= setTimeout(renew, WAIT_MS + Math.random() * SPREAD_MS);
});
