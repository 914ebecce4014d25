// The last message on the cards of rooms: asked for anew when something was said there, or has changed or come back. Their
// pages do not follow the rooms: that would say that their reader is in them.

import { element } from "../markup.js";
import { Refused, fragment } from "../requests.js";
import { onUpdate } from "../updates.js";

const EVERY_MS = 3_000;
const SPREAD_MS = 1_000;
const PARTS = ["[data-last]", "[data-last-at]"];

const cardOf = (network) => document.querySelector(`.card[data-network="${network}"]:has([data-last])`);
let timer = null;
let askedAt = -Infinity;
let isStale = false;

function ask() {
  isStale = true;
  if (timer !== null || document.hidden) return;
  timer = setTimeout(renew, Math.max(0, askedAt + EVERY_MS - performance.now()) + Math.random() * SPREAD_MS);
}

async function renew() {
  isStale = false;
  askedAt = performance.now();
  let fresh = null;
  try {
    fresh = element(await fragment("/rooms"));
  } catch (error) {
    // The next message asks again.
    if (!(error instanceof Refused)) throw error;
  }
  timer = null;
  // What was drawn before a removal that came meanwhile is not shown.
  if (isStale) return ask();
  for (const card of fresh?.querySelectorAll(".card") ?? []) {
    const shown = cardOf(card.dataset.network);
    for (const part of PARTS) shown?.querySelector(part).replaceWith(card.querySelector(part));
  }
}

onUpdate(({ type, channel, kind }) => {
  if (type !== "update" || !["room.touched", "gap.made"].includes(kind)) return;
  const [noun, network] = channel.split(":");
  if (noun !== "network" || !cardOf(network)) return;
  if (kind === "room.touched" || timer !== null) ask();
});
document.addEventListener("visibilitychange", () => isStale && ask());
