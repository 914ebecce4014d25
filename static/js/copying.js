// Links that are there to be copied: their address goes to the clipboard; where that fails they lead on, as links do.

import { toast } from "./toast.js";

/** Copies an address, and says so; returns whether it could. */
export async function copyLink(address) {
  try {
    await navigator.clipboard.writeText(address);
  } catch {
    return false;
  }
  toast("Link copied.");
  return true;
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.('a[data-act="copy"]');
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  if (!(await copyLink(link.href))) location.href = link.href;
});
