// Never move what is being read. Browsers with scroll anchoring do it themselves; for the others, keepPlace.

const anchors = CSS.supports("overflow-anchor", "auto");
const REST_MS = 150;

let scrolling = false;
let resting = null;
const held = [];

/** The first element of `list` whose end is below the top of the window, and where it begins. */
function firstInView(list) {
  for (const child of list.children) {
    const { top, bottom } = child.getBoundingClientRect();
    if (bottom > 0) return { child, top };
  }
  return null;
}

/** Acts, and puts the scroll back by as much as the first visible child of `list` was moved. `anyway` is for tests. */
export function keepPlace(list, act, anyway = false) {
  if (anchors && !anyway) return act();
  const before = firstInView(list);
  const result = act();
  if (before?.child.isConnected) {
    const moved = before.child.getBoundingClientRect().top - before.top;
    if (moved) scrollBy({ top: moved, behavior: "instant" });
  }
  return result;
}

/**
 * Acts, and puts the scroll back by as much as `child` was moved: for what is put above the first child. Browsers that
 * anchor do not do so at the very top.
 */
export function keepChild(child, act) {
  const byItself = anchors && scrollY > 0;
  const before = child?.getBoundingClientRect().top;
  act();
  if (byItself || !child?.isConnected) return;
  const moved = child.getBoundingClientRect().top - before;
  if (moved) scrollBy({ top: moved, behavior: "instant" });
}

/** Acts at once, or, where a finger scrolls and nothing anchors, when it rests: iOS drops scroll writes in flight. */
export function whenStill(act) {
  if (anchors || !scrolling) act();
  else held.push(act);
}

function rested() {
  scrolling = false;
  for (const act of held.splice(0)) act();
}

/** Whether the end of the page is in view, within `slack_px`. */
export function atEnd(slack_px = 80) {
  const { scrollHeight, scrollTop, clientHeight } = document.scrollingElement;
  return scrollHeight - scrollTop - clientHeight <= slack_px;
}

export function toEnd() {
  scrollTo({ top: document.scrollingElement.scrollHeight, behavior: "instant" });
}

if (!anchors) {
  addEventListener("touchstart", () => (scrolling = true), { passive: true });
  addEventListener("scrollend", rested);
  const rest = () => {
    if (!scrolling) return;
    clearTimeout(resting);
    resting = setTimeout(rested, REST_MS);
  };
  addEventListener("scroll", rest, { passive: true });
  addEventListener("touchend", rest, { passive: true });
}
