// Slow mode: the line above the composer says how long two messages of mine are apart.

import { onUpdate } from "../updates.js";

onUpdate(({ channel, kind, slow_s }) => {
  const room = document.querySelector("forum-room")?.dataset.room;
  const line = document.querySelector("[data-slow]");
  if (kind !== "room.changed" || channel !== `room:${room}` || !line) return;
  line.hidden = !slow_s;
  line.querySelector("[data-slow-s]").textContent = slow_s;
});
