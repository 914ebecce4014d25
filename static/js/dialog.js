// Dialogs: what is asked before an act. One at a time, on top of the page, which goes on living below.

import { focusOn, make } from "./markup.js";

/**
 * Opens one with these children. Closed, it goes, and the focus goes back by itself to what had it; where that has gone
 * meanwhile, to what it belonged to (a post, a row), else to the page.
 */
export function openDialog(title, ...children) {
  const place = document.activeElement?.closest("[id]");
  const dialog = make("dialog", { class: "ask", "aria-label": title }, make("h2", {}, title), ...children);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (document.activeElement === document.body) focusOn(place?.checkVisibility() ? place : document.getElementById("main"));
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
