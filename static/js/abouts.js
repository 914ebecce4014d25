// What a member or a network says about itself: too long for an update, so it is fetched anew with its page.

import { Refused, page } from "./requests.js";
import { onUpdate } from "./updates.js";

async function renew(place) {
  let fresh = null;
  try {
    fresh = (await page(location.href)).querySelector(`[data-about-of="${place.dataset.aboutOf}"]`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
  // Where it cannot be fetched, nothing stays: it may have been removed.
  place.replaceChildren(...(fresh ? document.adoptNode(fresh).childNodes : []));
}

onUpdate(({ kind, id }) => {
  const noun = { "member.changed": "member", "network.changed": "network" }[kind];
  const place = noun && document.querySelector(`[data-about-of="${noun}-${id}"]`);
  if (place) renew(place);
});
