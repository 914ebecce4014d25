// What cannot be taken back, and what shuts somebody out, asks first: a submit button that has `data-ask` (the question), or a
// ticked box of its form (`data-of`: for the button of this value alone). `data-yes` is what the button says that does it.

import { openDialog } from "./dialog.js";
import { make } from "./markup.js";

/** Captured, before whoever sends the form. It is sent again with `sure`, once that has been said. */
document.addEventListener(
  "submit",
  (event) => {
    const { target: form, submitter } = event;
    const asking = submitter?.closest("[data-ask]") ?? [...form.querySelectorAll("[data-ask]:checked")].find(({ dataset }) => (dataset.of ?? submitter?.value) === submitter?.value);
    if (!asking || !submitter || form.querySelector("[name=sure]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(asking.dataset.ask, asking.dataset.yes ?? submitter.textContent.trim(), () => send(form, submitter));
  },
  true,
);

function send(form, submitter) {
  const sure = make("input", { type: "hidden", name: "sure", value: "yes" });
  form.append(sure);
  form.requestSubmit(submitter);
  sure.remove();
}

/** The focus is on the way back: pressing Enter twice does nothing. */
function ask(words, yes, then) {
  const no = make("button", { type: "button", class: "btn", autofocus: true }, "Cancel");
  const go = make("button", { type: "button", class: "btn bad" }, yes);
  const dialog = openDialog(`${yes}?`, make("p", {}, words), make("div", { class: "btns" }, go, no));
  no.addEventListener("click", () => dialog.close());
  go.addEventListener("click", () => {
    dialog.close();
    then();
  });
}
