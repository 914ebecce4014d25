// How long a text may be. The server counts bytes, or characters as Unicode does: an emoji is one of them.

import { counted } from "../words.js";

/** How much too long the text of a field is: in bytes with `data-max-bytes`, in characters with `data-max-chars`; below 0: what is left. */
export function over({ value, dataset: { maxBytes, maxChars } }) {
  if (maxBytes) return new TextEncoder().encode(value).length - Number(maxBytes);
  return maxChars ? [...value].length - Number(maxChars) : -Infinity;
}

/** Says in `place` how much is left, from `data-count-from` on. */
export function measure(area, place) {
  const { maxBytes, maxChars, countFrom } = area.dataset;
  if (!place || !countFrom) return;
  const left = -over(area);
  place.hidden = Number(maxBytes ?? maxChars) - left < Number(countFrom);
  place.textContent = left < 0 ? `${counted(-left, "character", "characters")} too long` : `${left.toLocaleString("en-GB")} left`;
}
