// Whom I block: what they write is folded on my screens, each with a button that shows it. The fragments are the same
// for everybody, so it is the page that folds them: a style sheet of its own hides the words before they are drawn.

import { make } from "./markup.js";
import { me } from "./me.js";
import { onUpdate } from "./updates.js";

const WRITTEN = ":is(li.post, .opening, li.msg)";
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

const root = document.documentElement;
const blocked = new Set((root.dataset.blocks ?? "").split(" ").filter(Boolean));

function draw() {
  root.dataset.blocks = [...blocked].join(" ");
  const authors = [...blocked].map((id) => `[data-author="${id}"]`).join(", ");
  const named = [...blocked].map((id) => `[data-name="${id}"]`).join(", ");
  const hidden = [
    `${WRITTEN}:is(${authors}):not([data-unfolded]) :is(.prose, .to, .re)`,
    `.re a:has(${named})`,
    `.note:has(.x > :is(${named})) .said`,
  ];
  sheet.replaceSync(blocked.size ? `@layer util { ${hidden.join(", ")} { display: none } }` : "");
  fold();
}

/** Gives each of theirs its button, and takes it from those whom I read again. */
function fold() {
  for (const note of document.querySelectorAll("[data-folded]")) {
    const { author } = note.closest(WRITTEN)?.dataset ?? {};
    if (!blocked.has(author) || note.parentElement.closest("[data-unfolded]")) note.remove();
  }
  if (!blocked.size) return;
  for (const written of document.querySelectorAll(`${WRITTEN}[data-author]:not([data-unfolded])`)) {
    if (!blocked.has(written.dataset.author) || written.querySelector("[data-folded]")) continue;
    const show = make("button", { type: "button", class: "as-link" }, "Show");
    show.addEventListener("click", () => {
      written.dataset.unfolded = "";
      written.querySelector("[data-folded]")?.remove();
      (written.querySelector("h2, h3") ?? written).focus();
    });
    const note = make("p", { class: "folded small", "data-folded": true }, "You have blocked them. ", show);
    written.querySelector(".prose")?.before(note);
  }
}

onUpdate(({ channel, kind, id }) => {
  if (channel !== `member:${me()}`) return;
  if (kind === "block.made") blocked.add(String(id));
  else if (kind === "block.ended") blocked.delete(String(id));
  else return;
  draw();
});

if (me() !== null) {
  draw();
  // Whatever comes later, live or by a button, is folded before it is painted.
  new MutationObserver(() => blocked.size && fold()).observe(document.body, { childList: true, subtree: true });
}
