// How old a report is, in a moderation queue: there the age is the message, so it is worded anew while it is looked at.

const EVERY_MS = 20_000;
const MINUTE_MS = 60_000;

/** "now", "40 min", "3 h", "2 days". */
export function age(since_ms) {
  const minutes = Math.max(0, Math.floor(since_ms / MINUTE_MS));
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  const days = Math.floor(minutes / (24 * 60));
  return `${days} ${days === 1 ? "day" : "days"}`;
}

export class Ages {
  #root;
  #timer;

  constructor(root) {
    this.#root = root;
    this.#timer = setInterval(() => this.draw(), EVERY_MS);
    this.draw();
  }

  draw() {
    for (const time of this.#root.querySelectorAll("time[data-as='age'], time[data-as='ago']")) {
      const old = age(Date.now() - Date.parse(time.getAttribute("datetime")));
      const words = time.dataset.as === "ago" && old !== "now" ? `${old} ago` : old;
      if (time.textContent !== words) time.textContent = words;
    }
  }

  stop() {
    clearInterval(this.#timer);
  }
}
