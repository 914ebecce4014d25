// Whom I block: what they write is folded on my screens, where it is quoted or found too, each with a button that shows it.
// The fragments are the same for everybody, so it is the page that folds them: a style sheet of its own hides the words
// before they are drawn.

import { focusOn, make } from "./markup.js";
import { me } from "./me.js";
import { onUpdate } from "./updates.js";

/** What has an author of its own, and the words in it. */
const WRITTEN = ":is(li.post, .opening, li.msg, .result)";
const WORDS = ":is(.prose, .to, .re, .excerpt)";
const QUOTED = ".quote[data-quoted]";
const THEIRS = `:is(${WRITTEN}[data-author], ${QUOTED})`;
const authorOf = ({ dataset }) => dataset.quoted ?? dataset.author;
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

const root = document.documentElement;
const blocked = new Set((root.dataset.blocks ?? "").split(" ").filter(Boolean));

function draw() {
  root.dataset.blocks = [...blocked].join(" ");
  const authors = [...blocked].map((id) => `[data-author="${id}"]`).join(", ");
  const quoted = [...blocked].map((id) => `[data-quoted="${id}"]`).join(", ");
  const named = [...blocked].map((id) => `[data-name="${id}"]`).join(", ");
  const hidden = [
    `${WRITTEN}:is(${authors}):not([data-unfolded]) ${WORDS}`,
    `.quote:is(${quoted}):not([data-unfolded]) > span:not([data-folded])`,
    `.re a:has(${named})`,
    `.note:has(.x > :is(${named})) .said`,
  ];
  sheet.replaceSync(blocked.size ? `@layer util { ${hidden.join(", ")} { display: none } }` : "");
  fold();
}

/** Gives each of theirs its button, and takes it from those whom I read again. */
function fold() {
  for (const note of document.querySelectorAll("[data-folded]")) {
    const theirs = note.closest(THEIRS);
    if (!theirs || !blocked.has(authorOf(theirs)) || theirs.matches("[data-unfolded]")) note.remove();
  }
  if (!blocked.size) return;
  for (const written of document.querySelectorAll(`${THEIRS}:not([data-unfolded])`)) {
    if (!blocked.has(authorOf(written)) || noteOf(written)) continue;
    const show = make("button", { type: "button", class: "as-link" }, "Show");
    show.addEventListener("click", () => {
      written.dataset.unfolded = "";
      noteOf(written)?.remove();
      focusOn(written.querySelector("h2, h3, cite a") ?? written);
    });
    const note = make(written.matches(QUOTED) ? "span" : "p", { class: "folded small", "data-folded": true }, "You have blocked them. ", show);
    written.querySelector(written.matches(QUOTED) ? ":scope > span" : ":is(.prose, .excerpt)")?.before(note);
  }
}

/** The note of this one, and not of a quote in it. */
const noteOf = (written) => [...written.querySelectorAll("[data-folded]")].find((note) => note.closest(THEIRS) === written);

/** Whether I block the member with this id (text). */
export const isBlocked = (id) => blocked.has(id);

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
