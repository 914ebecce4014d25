// The cursor of each channel that this page follows: the last seq that it has applied. Pure.

export class Cursors {
  #at;

  /** `channels` is {name: seq}, as the page gave it. */
  constructor(channels) {
    this.#at = new Map(Object.entries(channels));
  }

  /** Names in the order in which they were added. */
  get channels() {
    return [...this.#at.keys()];
  }

  has(channel) {
    return this.#at.has(channel);
  }

  get(channel) {
    return this.#at.get(channel);
  }

  /** Adds a channel; one that is followed already keeps its cursor. Returns whether it is new. */
  add(channel, seq) {
    if (this.#at.has(channel)) return false;
    this.#at.set(channel, seq);
    return true;
  }

  drop(channel) {
    return this.#at.delete(channel);
  }

  /** {name: seq} of all, or of the named ones. */
  of(channels = this.channels) {
    return Object.fromEntries(channels.map((channel) => [channel, this.#at.get(channel)]));
  }

  /**
   * Takes an update: "applied" if it was the next (`apply` has run to its end), "known", "gap", or "foreign" if the
   * channel is not followed. The cursor moves after `apply`, so one that throws was not applied.
   */
  take(frame, apply) {
    const at = this.#at.get(frame.channel);
    if (at === undefined) return "foreign";
    if (frame.seq <= at) return "known";
    if (frame.seq > at + 1) return "gap";
    apply(frame);
    this.#at.set(frame.channel, frame.seq);
    return "applied";
  }
}
