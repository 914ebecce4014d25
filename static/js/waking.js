// A page that slept: the lid was closed, or the browser froze it. Timers stood still meanwhile, and a connection that
// died says nothing by itself.

const LOOK_EVERY_MS = 5_000;
const SLEPT_MS = 20_000;

/** Calls `act` when the page goes on after a sleep. One that nobody looks at is told when it is looked at, by others. */
export function onWaking(act) {
  let lookedAt = Date.now();
  setInterval(() => {
    const slept = Date.now() - lookedAt > SLEPT_MS;
    lookedAt = Date.now();
    // Of a hidden page the browser slows the timers.
    if (slept && !document.hidden) act();
  }, LOOK_EVERY_MS);
  document.addEventListener("resume", act);
}
