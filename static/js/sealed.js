// What a gap said, shown in its place to who decides about it for as long as they look: fetched when they ask, kept
// nowhere, and gone when the gap changes, when their standing does, or when they leave the page.

import { element, focusOn, isGap } from "./markup.js";
import { polite } from "./announce.js";
import { Refused, busy, fragment } from "./requests.js";
import { onUpdate } from "./updates.js";
import { NOT_LOADED } from "./words.js";

const SEALED = "[data-sealed]";

/** Fetches what the gap `place` said from the address of `link`, and shows it under the gap's sentence. */
export async function show(link, place) {
  const { version } = place.dataset;
  const done = busy(link);
  let words;
  try {
    words = element(await fragment(link.href));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    polite(error.problem.detail ?? NOT_LOADED);
    return;
  } finally {
    done();
  }
  // Meanwhile it may have been restored, purged, or decided otherwise.
  if (!place.isConnected || !isGap(place) || place.dataset.version !== version) return;
  link.closest("forum-menu")?.close(false);
  hide(place);
  place.querySelector(".gap").after(words);
  words.querySelector('[data-act="hide"]').addEventListener("click", () => {
    hide(place);
    focusOn(place.querySelector(".gap [tabindex], .gap"));
  });
  focusOn(words, {});
}

function hide(place) {
  for (const words of place.querySelectorAll(SEALED)) words.remove();
}

const hideAll = () => hide(document);

addEventListener("pagehide", hideAll);
document.addEventListener("forum:signed-out", hideAll);
onUpdate(({ kind }) => kind === "membership.changed" && hideAll());
