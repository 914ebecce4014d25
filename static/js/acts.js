// Acts without leaving the page: forms that are sent by the script, and questions asked in a dialog.

import { polite } from "./announce.js";
import { openDialog } from "./dialog.js";
import { make } from "./markup.js";
import { Refused, busy, page, send } from "./requests.js";
import { toast } from "./toast.js";
import { answered, landed } from "./updates.js";
import { BROKEN, NOT_LOADED, NOT_POSTED } from "./words.js";

/** What the answer of a form is, from where it goes: "/posts/77/withdraw" → "post.withdraw". */
function kindOf(action) {
  const [, noun, , act] = new URL(action).pathname.split("/");
  return `${(noun ?? "").replace(/s$/, "")}.${act ?? "changed"}`;
}

addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches?.("form[data-live]") || event.defaultPrevented) return;
  event.preventDefault();
  const { submitter } = event;
  // An element named "action" or "method" would hide the form's own.
  const action = new URL(submitter?.getAttribute("formaction") ?? form.getAttribute("action"), location.href).href;
  const done = submitter ? busy(submitter) : () => {};
  // What goes now goes by my own act.
  form.dataset.sent = "";
  try {
    const { response, html } = await send(action, new FormData(form, submitter), form.elements.key?.value);
    finish(form, action, response, html);
  } catch (error) {
    delete form.dataset.sent;
    if (!(error instanceof Refused)) throw error;
    complain(form, error);
  } finally {
    done();
  }
});

function finish(form, action, response, html) {
  const dialog = form.closest("dialog");
  const menu = form.closest("forum-menu");
  if (!response.headers.get("Forum-Id") && response.redirected) {
    location.href = response.url;
    return;
  }
  const hadFocus = document.activeElement !== document.body;
  dialog?.close();
  dialog?.remove();
  answered(kindOf(action), response, html);
  menu?.close();
  if (hadFocus) landed(kindOf(action), response);
  const { said, toast: words, undo } = form.dataset;
  const isTicked = (of) => form.querySelector(`${of}:checked`) !== null;
  // What cannot be taken back; what went in the same act comes back in one.
  const way = isTicked("[data-final]") || !undo ? null : isTicked("[data-together]") ? `${undo}?together=yes` : undo;
  if (words) toast(words, way, kindOf(action));
  else if (said) polite(said);
}

function complain(form, { status, problem }) {
  let place = form.querySelector("[data-problem]");
  if (!place) {
    place = make("p", { class: "error", "data-problem": true });
    form.append(place);
  }
  const words = Object.values(problem.errors ?? {})[0] ?? problem.detail;
  place.textContent = status === 0 ? NOT_POSTED : status >= 500 || !words ? BROKEN : words;
  place.hidden = false;
  polite(place.textContent);
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const done = busy(link);
  try {
    const found = await page(link.href);
    const form = found.querySelector("main form[data-live]");
    if (!form) {
      location.href = link.href;
      return;
    }
    // Its menu may have been closed meanwhile, also by the dialog of a second press.
    if (link.isConnected) ask(form, found.querySelector("main h1")?.textContent.trim() ?? link.textContent.trim(), link.closest("forum-menu"));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status) location.href = link.href;
    else polite(NOT_LOADED);
  } finally {
    done();
  }
});

// The words of a gap, in its place; on a page that does not show the gap the link leads to them.
const sealed = () => import("./sealed.js");

document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[data-act="show"]');
  const place = document.getElementById(link?.closest("[data-menu]")?.dataset.menu ?? "");
  if (!link || !place || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  sealed().then(({ show }) => show(link, place));
});

/** Asks in a dialog. Focus is on the way back where the act takes something away; closed, it goes back by itself to the menu's button. */
function ask(form, title, menu) {
  menu?.close();
  const link = form.querySelector('[data-act="close"]');
  const close = make("button", { type: "button", class: "btn", autofocus: form.querySelector(".btn.bad") !== null }, link?.textContent ?? "Cancel");
  if (link) link.replaceWith(close);
  else form.append(close);
  const dialog = openDialog(title, document.adoptNode(form));
  close.addEventListener("click", () => dialog.close());
  // A long form is read from its beginning.
  dialog.scrollTop = 0;
}
