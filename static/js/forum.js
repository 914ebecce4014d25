// The only entry. Elements that only some pages have are fetched where they are; whatever listens to updates is there
// before forum-live brings them.

import "./references.js";
import "./unread.js";
import "./presence.js";
import "./rail.js";
import "./standing.js";
import "./blocks.js";
import "./toast.js";
import "./asking.js";
import "./acts.js";
import "./menu.js";
import "./copying.js";
import "./signing-out.js";
import "./keys.js";
import "./time.js";
import "./head.js";

const ELEMENTS = {
  "forum-thread": () => import("./thread/thread.js"),
  "forum-room": () => import("./room/room.js"),
  "forum-list": () => import("./list/list.js"),
  "[data-subgroups]": () => import("./subgroups.js"),
  "[data-about-of]": () => import("./abouts.js"),
  ".card [data-last]": () => import("./list/cards.js"),
  "forum-composer": () => import("./writing/composer.js"),
  "forum-queue": () => import("./moderation/queue.js"),
  "forum-similar": () => import("./writing/similar.js"),
};

const present = Object.entries(ELEMENTS).filter(([name]) => document.querySelector(name));
await Promise.all(present.map(([, load]) => load()));
await import("./live.js");
