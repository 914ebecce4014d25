// Times in words of the site's zone, as the server words them. Pure, but for the zone, which the page names.

const WEEK_DAYS = 7;
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = [
  ..."January February March April May June".split(" "),
  ..."July August September October November December".split(" "),
];

const zone = globalThis.document?.documentElement.dataset.zone || "Europe/London";
const parts = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** A moment (Date or what makes one) in the zone: {year, month, date, day ("2026-11-23"), clock ("08:51"), number}. */
function local(at) {
  const found = Object.fromEntries(parts.formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
  const { year, month, day, hour, minute } = found;
  return facts(Number(year), Number(month), Number(day), `${hour}:${minute}`);
}

/** `number` counts days, so that two of them can be subtracted. */
function facts(year, month, date, clock = "") {
  const number = Date.UTC(year, month - 1, date) / 86_400_000;
  const weekday = WEEKDAYS[(((number + 3) % 7) + 7) % 7];
  return { year, month, date, clock, number, weekday, day: new Date(number * 86_400_000).toISOString().slice(0, 10) };
}

/** The day of a moment in the zone, "2026-11-23". */
export const dayOf = (at) => local(at).day;

/** "08:51" today or not: the clock alone. */
export const clockOf = (at) => local(at).clock;

const year = (then, today) => (then.year === today.year ? "" : ` ${then.year}`);
const short = (then, today) => `${then.date} ${MONTHS[then.month - 1].slice(0, 3)}${year(then, today)}`;

/** The words for `time[datetime]` of form "" | "listed" | "full" | "day", as they are at `now`. */
export function wordsFor(datetime, form, now) {
  const today = local(now);
  if (form === "day") {
    const then = facts(...datetime.split("-").map(Number));
    const words = `${then.weekday} ${then.date} ${MONTHS[then.month - 1]}${year(then, today)}`;
    return then.number === today.number ? `Today, ${words}` : words;
  }
  const then = local(datetime);
  const past = today.number - then.number;
  if (form === "full") return `${then.weekday.slice(0, 3)} ${short(then, today)}, ${then.clock}`;
  if (past === 0) return then.clock;
  if (past > 0 && past < WEEK_DAYS) return then.weekday.slice(0, 3) + (form === "listed" ? "" : ` ${then.clock}`);
  return short(then, today);
}

/** Milliseconds from `now` to just after the next midnight of the zone; at most an hour, since clocks are put forward. */
export function untilTomorrow(now) {
  const found = Object.fromEntries(parts.formatToParts(new Date(now)).map(({ type, value }) => [type, Number(value)]));
  const left_s = 86_400 - found.hour * 3_600 - found.minute * 60 - found.second;
  return Math.min(left_s, 3_600) * 1_000 + 50;
}
