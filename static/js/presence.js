// Who is here. Never spoken, and a list does not change under the pointer.

import { make } from "./markup.js";
import { me } from "./me.js";
import { onUpdate } from "./updates.js";
import { initials } from "./words.js";

const SHOWN_MAX = 12;
const HUES = 12;
const held = new Map();

function avatar({ id, name }) {
  return make("span", { class: `avatar h${(id * 7) % HUES} s`, "aria-hidden": "true", "data-avatar": id }, initials(name));
}

function person(one) {
  const name = make("a", { href: `/members/${one.id}`, "data-name": one.id }, one.name);
  const small = String(one.id) === me() ? make("small", {}, "You") : make("small", { "data-role-of": one.id });
  return make("li", { "data-member": one.id }, make("span", { class: "here" }, avatar(one)), make("span", { class: "x" }, name, small));
}

/** Draws the list anew; who stays keeps their row, and with it what the page knows of them. */
function draw(list, here) {
  const rows = new Map([...list.children].map((row) => [row.dataset.member, row]));
  list.replaceChildren(...here.slice(0, SHOWN_MAX).map((one) => rows.get(String(one.id)) ?? person(one)));
}

function update(list, here) {
  if (!list.matches(":hover") && !list.contains(document.activeElement)) return draw(list, here);
  if (!held.has(list)) {
    list.addEventListener(
      "pointerleave",
      () => {
        draw(list, held.get(list));
        held.delete(list);
      },
      { once: true },
    );
  }
  held.set(list, here);
  return undefined;
}

onUpdate(({ type, channel, here, count }) => {
  if (type !== "presence") return;
  for (const place of document.querySelectorAll(`[data-here-count="${channel}"]`)) place.textContent = String(count);
  for (const place of document.querySelectorAll(`[data-here-of="${channel}"]`)) place.hidden = count === 0;
  for (const list of document.querySelectorAll(`[data-here="${channel}"]`)) update(list, here);
  for (const stack of document.querySelectorAll(`[data-stack="${channel}"]`)) {
    stack.replaceChildren(...here.slice(0, SHOWN_MAX).map(avatar));
  }
});
