// How long to wait before the next attempt. Pure.

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const RESTART_SPREAD_MS = 2_000;

/** After `failures` failed attempts in a row (1, 2, 3 …): doubling, half of it by chance, so that screens spread out. */
export function pauseAfter(failures, random = Math.random) {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return longest / 2 + (random() * longest) / 2;
}

/** After a server said that it restarts, or that we were too slow: soon, but not all at once. */
export function pauseAfterRestart(random = Math.random) {
  return 100 + random() * RESTART_SPREAD_MS;
}
