// Links that are there to be copied: their address goes to the clipboard; where that fails they lead on, as links do. And what a page
// shows once, in a field: where that cannot be copied it is selected.

import { toast } from "./toast.js";

/** Copies an address, and says so; returns whether it could. */
export async function copyLink(address) {
  return copy(address, "Link copied.");
}

async function copy(words, said) {
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    return false;
  }
  toast(said);
  return true;
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.('a[data-act="copy"]');
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  if (!(await copyLink(link.href))) location.href = link.href;
});

for (const button of document.querySelectorAll('[data-once] button[data-act="copy"]')) {
  button.hidden = false;
  const field = button.closest("[data-once]").querySelector("input");
  button.addEventListener("click", async () => {
    if (await copy(field.value, button.dataset.said)) return;
    field.focus();
    field.select();
    toast("This browser does not copy by itself. What is to be copied is selected.");
  });
}
