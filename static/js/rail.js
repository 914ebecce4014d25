// The left rail: fetched anew when my networks change. Focus and the words of the connection stay.

import { follow } from "./wire.js";
import { element, focusOn } from "./markup.js";
import { me } from "./me.js";
import { Refused, fragment } from "./requests.js";
import { onUpdate } from "./updates.js";

const WAIT_MS = 300;
const KINDS = ["membership.changed", "network.added"];
let timer = null;

async function swap() {
  timer = null;
  const rail = document.querySelector("[data-rail]");
  if (!rail) return;
  let fresh;
  try {
    fresh = element(await fragment("/rail"));
  } catch (error) {
    // The links that are there still lead somewhere, and the next change asks again.
    if (!(error instanceof Refused)) throw error;
    return;
  }
  const focused = rail.contains(document.activeElement) ? (document.activeElement.getAttribute("href") ?? "") : null;
  const { scrollTop = 0 } = rail.querySelector(".scroll") ?? {};
  const connection = rail.querySelector("[data-connection]");
  const current = rail.querySelector("[aria-current]")?.getAttribute("href");
  rail.replaceChildren(fresh);
  if (connection) rail.querySelector("[data-connection]")?.replaceWith(connection);
  const scroller = rail.querySelector(".scroll");
  if (scroller) scroller.scrollTop = scrollTop;
  if (current) markCurrent(rail, current);
  if (focused !== null) focusOn(rail.querySelector(`a[href="${CSS.escape(focused)}"]`) ?? document.getElementById("main"));
  follow(JSON.parse(fresh.dataset.channels || "{}"));
}

/** The fragment is of no page, so it does not know where I am. */
function markCurrent(rail, href) {
  const link = rail.querySelector(`a[href="${CSS.escape(href)}"]`);
  link?.setAttribute("aria-current", "page");
  link?.closest(".row")?.classList.add("now");
}

onUpdate(({ type, channel, kind }) => {
  if (type !== "update" || me() === null) return;
  if (!KINDS.includes(kind) || (kind === "membership.changed" && channel !== `member:${me()}`)) return;
  timer ??= setTimeout(swap, WAIT_MS);
});
document.addEventListener("forum:gone", ({ detail }) => {
  if (detail.channel.startsWith("network:")) timer ??= setTimeout(swap, WAIT_MS);
});
