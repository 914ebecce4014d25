// <forum-time>: once a page. When the day turns in the site's zone, every time on the page is worded anew.

import { dayOf, untilTomorrow, wordsFor } from "./times.js";

class ForumTime extends HTMLElement {
  #day = dayOf(Date.now());
  #timer = null;

  connectedCallback() {
    this.#wait();
    // Timers sleep with the laptop.
    document.addEventListener("visibilitychange", () => document.hidden || this.#look());
    addEventListener("pageshow", () => this.#look());
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), untilTomorrow(Date.now()));
  }

  #look() {
    const day = dayOf(Date.now());
    if (day !== this.#day) {
      this.#day = day;
      this.reword(Date.now());
    }
    this.#wait();
  }

  /** Words all times as they are at `now`. */
  reword(now) {
    for (const time of document.querySelectorAll("time[datetime]:not([data-as='fixed'])")) {
      const words = wordsFor(time.getAttribute("datetime"), time.dataset.as ?? "", now);
      if (time.textContent !== words) time.textContent = words;
    }
  }
}

customElements.define("forum-time", ForumTime);
