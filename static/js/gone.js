// A channel that I may no longer follow: what it showed leaves the page. What I was writing there stays mine.

import { polite } from "./announce.js";
import { make, takeOut } from "./markup.js";
import { forget } from "./updates.js";

/** Clears the page if its words depend on the channel, else the rows that do. */
export function clearChannel(channel) {
  forget(channel);
  const main = document.querySelector("main");
  if ((main?.dataset.channel ?? "").split(" ").includes(channel)) clearPage(main);
  const [kind, id] = channel.split(":");
  if (kind === "network") {
    for (const row of document.querySelectorAll(`[data-network="${id}"]:not(forum-composer)`)) takeOut(row, row.nextElementSibling ?? row.previousElementSibling);
  }
  if (kind === "thread") document.getElementById(`thread-${id}`)?.remove();
  document.dispatchEvent(new CustomEvent("forum:gone", { detail: { channel } }));
}

function clearPage(main) {
  const sentence = main.dataset.gone || "There is nothing here for you. It may have moved, or it belongs to a network that you are not in.";
  const written = [...main.querySelectorAll("textarea")].map(({ value, defaultValue }) => (value === defaultValue ? "" : value.trim())).filter(Boolean);
  main.replaceChildren(make("p", { class: "empty" }, sentence), ...written.map(kept));
  for (const place of document.querySelectorAll("aside, dialog, .pop, .toast")) place.remove();
  document.title = document.title.split(" – ").at(-1);
  delete main.dataset.channel;
  polite(sentence);
  main.focus();
}

/** Words of mine that can be posted here no more: to be read, and copied. */
function kept(text, at) {
  const id = `written-${at}`;
  const area = make("textarea", { id, readonly: true, rows: 6 });
  area.value = text;
  return make("div", { class: "field" }, make("label", { for: id }, "What you were writing"), area);
}
