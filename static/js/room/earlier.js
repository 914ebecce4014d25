// Earlier messages: they come by themselves as their line comes near, and nothing moves for whoever reads.

import { polite } from "../announce.js";
import { elements, make, takeOut } from "../markup.js";
import { keepChild } from "../place.js";
import { clean } from "../references.js";
import { Refused, busy, fragment } from "../requests.js";
import { newest } from "../updates.js";
import { NOT_LOADED } from "../words.js";

const WITHIN = "600px 0px 0px 0px";

export class Earlier {
  #list;
  #log;
  #observer = null;

  /** `list` is the ol, `log` where its messages belong. */
  constructor(list, log) {
    this.#list = list;
    this.#log = log;
    this.#watch();
  }

  get #line() {
    return this.#list.querySelector(".earlier");
  }

  end() {
    this.#observer?.disconnect();
  }

  /** The connection is back: what did not come is fetched again. */
  resume() {
    if (this.#line?.querySelector("[data-problem]")) this.#load();
  }

  #watch() {
    this.end();
    const line = this.#line;
    if (!line) return;
    this.#observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.#load(), { rootMargin: WITHIN });
    this.#observer.observe(line);
    line.querySelector("a").addEventListener("click", (event) => {
      event.preventDefault();
      this.#load();
    });
  }

  async #load() {
    const line = this.#line;
    if (!line || line.dataset.loading !== undefined) return;
    line.dataset.loading = "";
    this.end();
    const link = line.querySelector("a");
    const done = busy(link);
    try {
      this.#prepend(line, elements(await fragment(link.href)));
      this.#watch();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      delete line.dataset.loading;
      line.querySelector("[data-problem]")?.remove();
      line.append(make("span", { "data-problem": true, class: "muted small" }, ` ${NOT_LOADED}`));
      polite(NOT_LOADED);
    } finally {
      done();
    }
  }

  #prepend(line, loaded) {
    const list = this.#list;
    const { messages } = this.#log;
    const known = new Set(messages.map(({ id }) => id));
    const first = messages[0] ?? null;
    // What changed while they were on their way has come as an update, and was not shown yet.
    const fresh = loaded.map(asItStands).filter((item) => item !== null && !(item.id && known.has(item.id)));
    const before = first ? this.#log.lineBefore(first) : line.nextSibling;
    keepChild(first, () => {
      takeOut(line, first);
      list.prepend(...fresh.filter((item) => item.matches(".earlier")));
      for (const item of fresh.filter((other) => !other.matches(".earlier"))) list.insertBefore(item, before?.isConnected ? before : null);
      for (const item of fresh) clean(item);
      for (const item of fresh.filter((other) => other.matches(".msg"))) {
        this.#log.mark(item);
        this.#log.group(item);
      }
      this.#log.group(first);
      this.#log.dropEmptyDays();
    });
  }
}

/** A loaded item, or the newer state of it that has come live; null if it has gone. */
function asItStands(item) {
  if (!item.matches(".msg[id]")) return item;
  const frame = newest(item.id, Number(item.dataset.version ?? 0));
  return frame === null ? item : (frame.node?.cloneNode(true) ?? null);
}
