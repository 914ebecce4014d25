// What the rest of the page may ask of its <forum-live>: nothing, where there is none.

let live = null;

/** Called by the element itself. */
export function attach(element) {
  live = element;
}

/** Says that I am writing in a channel. Others see it for six seconds. */
export function sayTyping(channel) {
  live?.send({ type: "typing", channel });
}

/** Says to a network's moderators which case I am looking at. */
export function sayLooking(channel, about) {
  live?.send({ type: "typing", channel, about });
}

/** Follows further channels, {name: cursor}. */
export function follow(channels) {
  live?.follow(channels);
}
