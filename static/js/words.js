// Words that the script itself says. Pure.

/** "1 new reply", "3 new replies". */
export function counted(count, one, many) {
  return `${count.toLocaleString("en-GB")} ${count === 1 ? one : many}`;
}

/** "Priya", "Priya and Joan", "Priya, Joan and Tom", "Priya, Joan and 3 others". */
export function names(all) {
  const known = [...new Set(all)].map((name) => name ?? FORMER);
  if (known.length < 2) return known.join("");
  if (known.length > 3) return `${known.slice(0, 2).join(", ")} and ${known.length - 2} others`;
  return `${known.slice(0, -1).join(", ")} and ${known.at(-1)}`;
}

/** "7", or "99+" from a hundred on. */
export function badge(count) {
  return count > 99 ? "99+" : String(count);
}

/** Who is typing, or "". */
export function typing(all) {
  if (all.length > 2) return "Several people are typing";
  return all.length ? `${all.join(" and ")} ${all.length === 1 ? "is" : "are"} typing` : "";
}

/** First letters of the first and the last word; where there are no letters, the first character. */
export function initials(name) {
  const firsts = name
    .split(/\s+/u)
    .map((word) => word.match(/\p{L}/u)?.[0])
    .filter(Boolean);
  if (!firsts.length) return [...new Intl.Segmenter().segment(name)][0]?.segment ?? "–";
  return (firsts.length > 1 ? firsts[0] + firsts.at(-1) : firsts[0]).toUpperCase();
}

export const FORMER = "A former member";
export const UNTITLED = "(title removed)";

export const OFFLINE = "No connection. You can keep reading and writing; nothing is lost.";
export const BACK = "Back. You are up to date.";
export const RESTARTING = "We are restarting. This takes a few seconds.";
export const OUT_OF_DATE = "This page is out of date. Your draft is kept.";
export const SIGNED_OUT = "You were signed out. Sign in again, and your text will be waiting.";
export const SUSPENDED = "Your account is suspended.";
export const NOT_POSTED = "Not posted yet: we could not reach the server. Your text is safe here.";
export const NOT_SURE = "We are not sure that it arrived. Try again: it will not be posted twice.";
export const BROKEN = "Something broke on our side. Your text is safe. Please try again in a minute.";
export const EMPTY = "Please write something first.";
export const NO_TITLE = "Please give it a title first.";
export const EDITING = "You edit a message here. Save it, or leave it with Escape; then reply.";
export const NOT_LOADED = "This could not be loaded. Try again.";

/** Sentence 7. */
export function tooFast(seconds) {
  return `That was very quick. You can send again in ${counted(seconds, "second", "seconds")}.`;
}

/** Sentence 8. */
export function tooLong(by, inThread) {
  return `This is ${counted(by, "character", "characters")} too long.${inThread ? " A thread can hold more than one post." : ""}`;
}
