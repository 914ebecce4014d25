// The only entry. What listens to updates comes before forum-live, which brings them.

import "./references.js";
import "./unread.js";
import "./presence.js";
import "./rail.js";
import "./toast.js";
import "./acts.js";
import "./copying.js";
import "./keys.js";
import "./time.js";
import "./menu.js";
import "./composer.js";
import "./list.js";
import "./room.js";
import "./thread.js";
import "./live.js";
