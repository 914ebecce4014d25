// A channel that I may no longer follow: what it showed leaves the page.

import { polite } from "./announce.js";

/** Clears the page if its words depend on the channel, else the rows that do. */
export function clearChannel(channel) {
  const main = document.querySelector("main");
  if ((main?.dataset.channel ?? "").split(" ").includes(channel)) clearPage(main);
  const [kind, id] = channel.split(":");
  if (kind === "network") {
    for (const row of document.querySelectorAll(`[data-network="${id}"]:not(forum-composer)`)) row.remove();
  }
  if (kind === "thread") document.getElementById(`thread-${id}`)?.remove();
  document.dispatchEvent(new CustomEvent("forum:gone", { detail: { channel } }));
}

function clearPage(main) {
  const sentence = main.dataset.gone || "There is nothing here for you. It may have moved, or it belongs to a network that you are not in.";
  const words = document.createElement("p");
  words.className = "empty";
  words.textContent = sentence;
  main.replaceChildren(words);
  for (const place of document.querySelectorAll("aside, dialog, .pop, .toast")) place.remove();
  document.title = document.title.split(" – ").at(-1);
  delete main.dataset.channel;
  polite(sentence);
  main.focus();
}
