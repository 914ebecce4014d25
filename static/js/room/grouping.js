// Which messages stand under one head. Pure, and the same rule as on the server.

const WITHIN_MS = 5 * 60_000;

/**
 * Whether `message` goes on where `previous` left off: same author, within five minutes, same day, not a reply, and
 * neither is a gap: a head that went with a removed message must not give its words to another author.
 *
 * Both are {author, at (ms), day, reply, gap}; `previous` may be null.
 */
export function isGrouped(message, previous) {
  return (
    previous !== null &&
    !message.gap &&
    !previous.gap &&
    !message.reply &&
    message.author !== null &&
    message.author === previous.author &&
    message.day === previous.day &&
    message.at - previous.at < WITHIN_MS
  );
}
