// Why nothing can be sent from a composer: its thread is locked, or its writer may not write here now. One may end before the other.

export class Closing {
  #composer;
  #close;
  #locked = null;
  #barred = null;
  #why = null;

  /** `close(sentence)`: it takes nothing more, for this reason; null: it does again. */
  constructor(composer, close) {
    this.#composer = composer;
    this.#close = close;
  }

  /** Hears of both. Returns the function that ends that. */
  listen() {
    const onLock = ({ detail }) => this.#lock(detail.sentence);
    const onStanding = ({ detail }) => this.#bar(detail.sentence);
    document.addEventListener("forum:lock", onLock);
    document.addEventListener("forum:standing", onStanding);
    return () => {
      document.removeEventListener("forum:lock", onLock);
      document.removeEventListener("forum:standing", onStanding);
    };
  }

  #lock(sentence) {
    if (this.#composer.dataset.kind !== "post") return;
    this.#locked = sentence;
    this.#is(this.#barred ?? sentence);
  }

  #bar(sentence) {
    this.#barred = sentence;
    this.#is(sentence ?? this.#locked);
  }

  #is(sentence) {
    if (this.#why === sentence) return;
    this.#why = sentence;
    this.#close(sentence);
  }
}
