// The cards of a network's sub-groups: fetched anew with the page when one is added, renamed or made visible.

import { Refused, page } from "./requests.js";
import { onUpdate } from "./updates.js";

const WAIT_MS = 300;
let timer = null;

async function swap(place) {
  timer = null;
  try {
    const fresh = (await page(location.href)).querySelector("[data-subgroups]");
    if (fresh) place.replaceChildren(...document.adoptNode(fresh).childNodes);
  } catch (error) {
    // The cards that are there still lead somewhere, and the next change asks again.
    if (!(error instanceof Refused)) throw error;
  }
}

onUpdate(({ channel, kind, id }) => {
  const place = document.querySelector("[data-subgroups]");
  const network = place?.dataset.subgroups;
  if (channel !== `network:${network}` || !kind.startsWith("network.") || String(id) === network) return;
  timer ??= setTimeout(() => swap(place), WAIT_MS);
});
