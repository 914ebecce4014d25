// <forum-thread>: inserts, replaces and empties posts as their updates come; marks what is new to me and reports what
// I have read. The tree is a flat list, so the depth of a post says where its parent's descendants end.

import { polite, rated, sayGone } from "../announce.js";
import { become, focusOn, isGap, make, takeOut } from "../markup.js";
import { me } from "../me.js";
import { Pill } from "../pill.js";
import { keepPlace, whenStill } from "../place.js";
import { parse } from "./ranges.js";
import { Reading } from "./reading.js";
import { openReply } from "./replying.js";
import { placeByNumber, placeInTree, sideOf } from "./tree.js";
import { onUpdate } from "../updates.js";
import { counted, names } from "../words.js";

const ARRIVALS_EVERY_MS = 10_000;
const FLASH_MS = 2_500;
const COMPOSER = "forum-composer";

class ForumThread extends HTMLElement {
  #reading;
  #pill;
  #ending;
  /** Posts that arrived live and were not in view yet. */
  #unseen = new Set();
  #versions = new Map();
  /** Posts that wait for a scrolling finger to rest: later updates find them here. */
  #held = new Map();

  connectedCallback() {
    if (this.#ending) return;
    this.#reading = new Reading(`/threads/${this.dataset.thread}/read`, parse(this.dataset.read), (post) => this.#seen(post));
    this.#pill = new Pill(this, () => this.#toNextUnseen());
    for (const post of this.posts) this.#mark(post);
    if (!this.querySelector("#unread")) this.#drawLine();
    this.#drawNear();
    this.#countUnread();
    this.#ending = onUpdate((frame) => this.#take(frame));
    this.addEventListener("click", (event) => this.#act(event));
    for (const button of document.querySelectorAll("[data-next-unread]")) {
      button.addEventListener("click", () => this.toUnread(1));
    }
  }

  disconnectedCallback() {
    this.#ending?.();
    this.#ending = null;
  }

  get list() {
    return this.querySelector("ol.tree");
  }

  get opening() {
    return this.querySelector(".opening");
  }

  /** All posts shown, in the order of the page, the opening one first. */
  get posts() {
    return [...(this.opening ? [this.opening] : []), ...(this.list?.children ?? [])];
  }

  // Updates

  #take(frame) {
    if (frame.channel !== `thread:${this.dataset.thread}` || !frame.kind) return;
    if (frame.kind.startsWith("post.")) this.#post(frame);
    else if (frame.kind.startsWith("thread.") && frame.node) this.#head(frame);
  }

  #post(frame) {
    const shown = this.#shown(frame.id);
    this.#count(frame, shown);
    if (frame.gone || !frame.node) {
      if (shown) this.#leave(shown);
    } else if (shown) {
      this.#replace(shown, frame);
    } else if (frame.kind === "post.created") {
      this.#arrive(frame);
    }
  }

  #shown(id) {
    return this.querySelector(`#post-${id}`) ?? this.#held.get(id) ?? null;
  }

  #replace(shown, frame) {
    const wasGap = isGap(shown);
    const { author } = shown.dataset;
    const removed = isGap(frame.node);
    // My own answer may be newer than an update that was on its way. A removal is never older than words.
    if (!removed && frame.version < (this.#versions.get(frame.id) ?? 0)) return;
    this.#versions.set(frame.id, frame.version);
    const line = shown.querySelector(":scope > #unread");
    const arrived = shown.matches(".arrived");
    keepPlace(this.list, () => {
      become(shown, frame.node, COMPOSER);
      shown.classList.toggle("arrived", arrived && !removed);
      this.#mark(shown);
      this.#drawNearOf(shown);
      if (line && shown.matches(".unread")) shown.prepend(line);
      else if (line) this.#drawLine();
    });
    if (removed && !wasGap) {
      this.#seen(shown);
      sayGone(frame, author, ARRIVALS_EVERY_MS);
    }
    this.#countUnread();
  }

  #leave(shown) {
    this.#seen(shown);
    this.#reading.unwatch(shown);
    this.#held.delete(Number(shown.id.slice("post-".length)));
    keepPlace(this.list, () => takeOut(shown, shown.nextElementSibling ?? shown.previousElementSibling));
    this.#drawNear();
    this.#drawLine();
    this.#countUnread();
  }

  #arrive(frame) {
    const { node } = frame;
    if (this.#sideOf(frame) !== "inside") {
      this.#countOutside(this.#sideOf(frame));
      return;
    }
    const post = node.cloneNode(true);
    this.#versions.set(frame.id, frame.version);
    this.#held.set(frame.id, post);
    whenStill(() => this.#insert(frame.id));
    if (isGap(post)) return;
    post.classList.add("arrived");
    setTimeout(() => post.classList.remove("arrived"), FLASH_MS);
    if (post.dataset.author === me()) return;
    this.#mark(post);
    this.#unseen.add(post);
    this.#addNews(post, frame);
    this.#countUnread();
    requestAnimationFrame(() => this.#drawPill());
    rated("replies", frame.author, ARRIVALS_EVERY_MS, (all) => `${counted(all.length, "new reply", "new replies")}, from ${names(all)}.`);
  }

  #insert(id) {
    const post = this.#held.get(id);
    if (!this.#held.delete(id)) return;
    keepPlace(this.list, () => this.list.insertBefore(post, this.list.children[this.#placeOf(post)] ?? null));
    this.#drawNear();
    this.#hideEmpty();
  }

  #sideOf({ path, node }) {
    const { list } = this;
    const parent = Number(node.dataset.parent);
    return sideOf(
      {
        first: list.dataset.first,
        last: list.dataset.last,
        earlier: Boolean(this.querySelector("[data-earlier]")),
        later: Boolean(this.querySelector("[data-later]")),
        byTime: this.dataset.order === "time",
      },
      { path, parentIsShown: Boolean(list.querySelector(`#post-${parent}`)) },
    );
  }

  #placeOf(post) {
    const facts = ({ id, dataset }) => ({
      id: Number(id.slice("post-".length)),
      parent: Number(dataset.parent),
      depth: Number(dataset.depth),
      number: Number(dataset.number),
    });
    const shown = [...this.list.children].map(facts);
    return this.dataset.order === "time" ? placeByNumber(shown, facts(post)) : placeInTree(shown, facts(post));
  }

  #countOutside(side) {
    const count = this.querySelector(`[data-${side}] [data-count]`);
    if (count) count.textContent = (Number(count.textContent.replaceAll(",", "")) + 1).toLocaleString("en-GB");
  }

  /** "24 posts, 11 people": as the frame says; where it does not, one more or less. */
  #count({ kind, node, shown, people }, known) {
    const place = this.querySelector("[data-shown-count]");
    const persons = this.querySelector("[data-people-count]");
    if (persons && people !== undefined) persons.textContent = people.toLocaleString("en-GB");
    if (!place) return;
    const was = known ? !isGap(known) : kind !== "post.created" && kind !== "post.restored";
    const step = Number(node !== null && !isGap(node)) - Number(was);
    const count = shown ?? Number(place.textContent.replaceAll(",", "")) + (kind === "post.edited" && !known ? 0 : step);
    place.textContent = count.toLocaleString("en-GB");
    const noun = place.nextSibling;
    if (noun?.nodeType === Node.TEXT_NODE) noun.data = noun.data.replace(/^( posts?)/, count === 1 ? " post" : " posts");
  }

  #head({ node, title }) {
    const head = document.getElementById("thread-head");
    if (head) become(head, node);
    if (title !== undefined) document.title = `${title ?? "(title removed)"} – ${document.title.split(" – ").at(-1)}`;
    document.dispatchEvent(new CustomEvent("forum:lock", { detail: { sentence: node.dataset.locked ?? null } }));
  }

  #hideEmpty() {
    const empty = this.querySelector("[data-empty]");
    if (empty) empty.hidden = true;
  }

  // What is mine: unread marks, the line, what is new

  #mark(post) {
    const unread = me() !== null && !isGap(post) && post.dataset.author !== me() && !this.#reading.isRead(Number(post.dataset.number));
    const marked = unread || (this.#wasUnread.has(post.id) && !isGap(post));
    post.classList.toggle("unread", marked);
    post.querySelector(".by .new")?.remove();
    if (!marked) return;
    this.#wasUnread.add(post.id);
    post.querySelector(".by")?.append(make("span", { class: "new" }, "New"));
    if (unread) this.#reading.watch(post);
  }

  /** Marks stay until I leave, also through an edit of what I have read meanwhile. */
  #wasUnread = new Set();

  /** The line above the first unread post, as the page was opened. It stays where it is while that post does. */
  #drawLine() {
    this.querySelector("#unread")?.remove();
    const unread = this.posts.filter((post) => post.matches(".unread"));
    if (!unread.length || unread[0] === this.opening) return;
    const words = this.dataset.since ? `new since ${this.dataset.since}` : "unread";
    unread[0].prepend(make("div", { class: "line unread", id: "unread" }, `${unread.length} ${words}`));
  }

  #drawNear() {
    for (const post of this.list?.children ?? []) this.#drawNearOf(post);
  }

  #drawNearOf(post) {
    const to = post.querySelector(".to");
    if (!to || post === this.opening || to.closest(COMPOSER)) return;
    to.classList.toggle("near", post.previousElementSibling?.id === `post-${post.dataset.parent}`);
  }

  #countUnread() {
    const left = this.posts.some((post) => post.matches(".unread"));
    for (const button of document.querySelectorAll("[data-next-unread]")) button.hidden = !left;
  }

  #addNews(post, { id, author }) {
    const news = document.querySelector("[data-news]");
    if (!news || news.querySelector(`[data-ref="post-${id}"]`)) return;
    const name = make("strong", post.dataset.author ? { "data-name": post.dataset.author } : {}, author ?? "A former member");
    const when = make("small", {}, post.querySelector("time")?.textContent ?? "");
    const item = make("li", { "data-ref": `post-${id}` }, make("a", { href: `#post-${id}` }, name, when));
    const order = this.posts.map(({ id: shown }) => shown);
    const next = [...news.children].find((other) => order.indexOf(other.dataset.ref) > order.indexOf(`post-${id}`));
    news.insertBefore(item, next ?? null);
    const section = news.closest("section[hidden]");
    if (section) section.hidden = false;
  }

  #seen(post) {
    if (this.#unseen.delete(post)) this.#drawPill();
  }

  #drawPill() {
    const waiting = this.#waiting();
    const above = waiting.filter((post) => post.getBoundingClientRect().bottom < innerHeight / 2);
    const nearestAbove = above.length > 0 && above.length >= waiting.length - above.length;
    this.#pill.show(waiting.length ? counted(waiting.length, "new reply", "new replies") : "", nearestAbove);
  }

  #waiting() {
    return this.posts.filter((post) => this.#unseen.has(post) && !isInView(post));
  }

  #toNextUnseen() {
    const waiting = this.#waiting();
    const next = waiting.find((post) => post.getBoundingClientRect().top > 0) ?? waiting[0];
    if (!next) return this.#drawPill();
    this.goTo(next);
    this.#seen(next);
    return undefined;
  }

  // Where I am

  /** The post that has the focus, else the first that begins in view. */
  get current() {
    const focused = document.activeElement?.closest("li.post, .opening");
    if (focused && this.contains(focused)) return focused;
    return this.posts.find((post) => post.getBoundingClientRect().bottom > 80) ?? null;
  }

  goTo(post) {
    if (!post) return;
    post.scrollIntoView({ block: "start", behavior: "instant" });
    focusOn(post.querySelector("h2, h3") ?? post.querySelector(".gap") ?? post);
  }

  /** The next (1) or previous (-1) post. */
  toPost(step) {
    const { posts } = this;
    const focused = document.activeElement?.closest("li.post, .opening");
    const at = posts.indexOf(this.current);
    this.goTo(focused ? posts[at + step] : posts[at]);
  }

  /** The next (1) or previous (-1) unread post, round the end. */
  toUnread(step) {
    const unread = this.posts.filter((post) => post.matches(".unread"));
    if (!unread.length) return polite("Nothing unread in this thread.");
    const { posts, current } = this;
    const at = posts.indexOf(current);
    const ordered = step > 0 ? unread : unread.toReversed();
    const beyond = ordered.find((post) => (posts.indexOf(post) - at) * step > 0);
    return this.goTo(beyond ?? ordered[0]);
  }

  toParent() {
    const parent = this.current?.dataset.parent;
    if (parent) this.goTo(this.#shown(parent));
  }

  /** Opens the composer: in place under a post, or the one of the thread for null. */
  reply(post, quote = false) {
    return openReply(this, post, quote);
  }

  #act(event) {
    const control = event.target.closest("[data-act]");
    const post = control?.closest("li.post, .opening");
    if (!post || control.closest(COMPOSER) || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const { act } = control.dataset;
    if (act === "reply" || act === "quote") {
      if (this.reply(post, act === "quote")) event.preventDefault();
    }
  }

  /** After a post of mine was answered: it stands in place (the answer was applied as an update). */
  posted(id) {
    const post = this.#shown(id);
    polite("Posted.");
    sayFollowed();
    if (post) focusOn(post.querySelector("h2, h3") ?? post, {});
    else location.href = `/posts/${id}`;
  }
}

/** Who replies follows the thread from then on: its buttons say so. */
function sayFollowed() {
  for (const button of document.querySelectorAll('button[name="watch"][value="yes"]')) {
    button.value = "no";
    button.lastChild.data = button.dataset.followed;
    if (button.ariaPressed) button.ariaPressed = "true";
  }
}

function isInView(post) {
  const { top, bottom } = post.getBoundingClientRect();
  return bottom > 56 && top < innerHeight - 72;
}

customElements.define("forum-thread", ForumThread);
