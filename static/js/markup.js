// Between text and elements.

/** The one element in a fragment that the server drew (sanitised there). Null for an empty one. */
export function element(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

/** All elements of a fragment, in order. */
export function elements(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children];
}

/** A new element; `attributes` by name, null and false leave one out; strings among the children are text. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/**
 * Makes `shown` what `fresh` is, but keeps the element itself, and in it whatever is `kept` (a selector of children:
 * a composer that is being written in). Focus inside goes to the element of the same id, else to `shown`.
 */
export function become(shown, fresh, kept) {
  const focus = document.activeElement;
  const held = shown.contains(focus) && !(kept && focus.closest(kept)) ? focus : null;
  for (const { name } of [...shown.attributes]) if (!fresh.hasAttribute(name)) shown.removeAttribute(name);
  for (const { name, value } of fresh.attributes) shown.setAttribute(name, value);
  const stay = kept ? [...shown.children].filter((child) => child.matches(kept)) : [];
  for (const child of [...shown.childNodes]) if (!stay.includes(child)) child.remove();
  shown.prepend(...fresh.cloneNode(true).childNodes);
  if (held) focusOn((held.id && document.getElementById(held.id)) || shown);
}

/** Focuses what need not be focusable, without scrolling. */
export function focusOn(target, options = { preventScroll: true }) {
  if (target.tabIndex < 0 && !target.hasAttribute("tabindex")) target.setAttribute("tabindex", "-1");
  target.focus(options);
}

/** Takes an element out of the page. Focus inside goes to `near`, which stays, else to the page. */
export function takeOut(shown, near) {
  const focused = shown.contains(document.activeElement);
  shown.remove();
  if (focused) focusOn(near ?? document.getElementById("main"));
}

/** Whether a post or message has no words to show. */
export function isGap(node) {
  return !node.dataset.author && !node.dataset.byline;
}

/** What became of the words of a gap (null: it is not on the page), as a sentence says it. */
export function fateOf(gap) {
  return gap?.dataset.gap === "withdrawn" ? "withdrawn" : "removed";
}

/** Plain text of an element in one line, quotes left out, cut at a word: as the server cuts it. */
export function excerpt(prose, maxChars) {
  const copy = prose?.cloneNode(true);
  for (const quote of copy?.querySelectorAll("blockquote.quote") ?? []) quote.remove();
  const all = [...(copy?.textContent ?? "").replace(/\s+/g, " ").trim()];
  if (all.length <= maxChars) return all.join("");
  const cut = all.slice(0, maxChars - 1).join("");
  const atWord = all[maxChars - 1] === " " ? cut : cut.slice(0, Math.max(0, cut.lastIndexOf(" ")));
  return `${(atWord.length > maxChars / 2 ? atWord : cut).trimEnd()}…`;
}
