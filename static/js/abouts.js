// What a member or a network says about itself, in which networks a member is, and what became of something of mine that was
// removed: too long for an update, or nobody else's, so it is fetched anew with its page.

import { make } from "./markup.js";
import { Refused, page } from "./requests.js";
import { onUpdate } from "./updates.js";

async function renew(place) {
  let fresh = null;
  try {
    fresh = (await page(location.href)).querySelector(`[data-about-of="${place.dataset.aboutOf}"]`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
  // An account that was suspended, or let in again: almost nothing of the page is as it was.
  if (fresh && fresh.dataset.state !== place.dataset.state) return location.reload();
  // Where it cannot be fetched, nothing stays: it may have been removed.
  const writing = place.querySelector("textarea")?.value.trim();
  place.replaceChildren(...(fresh ? document.adoptNode(fresh).childNodes : []));
  // What was being written can be sent no more where its field has gone: there it can be read, and copied.
  if (writing && fresh && !place.querySelector("textarea")) place.append(make("p", { class: "words" }, writing));
}

const NOUNS = { "member.changed": "member", "network.changed": "network", "removal.closed": "removal" };

onUpdate(({ channel, kind, id }) => {
  // In a network's channel a membership goes by its member, in a member's by its network.
  const noun = kind?.startsWith("membership.") && channel.startsWith("network:") ? "member" : NOUNS[kind];
  const place = noun && document.querySelector(`[data-about-of="${noun}-${id}"]`);
  if (place) renew(place);
});
