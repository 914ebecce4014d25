"""Embedded servers: a Postgres and a Valkey of our own, where DATABASE_URL or REDIS_URL names none.

    with attach(settings) as servers:
        servers.database_url, servers.redis_url

Processes and who keeps whom:

- The first process to attach starts a **supervisor**, which starts the servers. Each attached process holds a
  connection to the supervisor's socket; the kernel closes it however that process ends. When the last one has gone,
  the servers are stopped.
- The servers get a signal from the kernel when the supervisor dies (`confinement`), so nothing survives `kill -9` of
  anything.
- The supervisor holds a lock on the data folder for its life. Each server inherits a lock of its own, which thus ends
  with the last process of that server: who holds it knows that the folder is at rest, whatever was killed before.
- As root the servers run as an unprivileged account (`confinement`).

What lies in FORUM_DATA is told by `folder`. Linux on x86_64 only; elsewhere a sentence says what to set.
"""

from forum.embedded.attachment import Servers, attach
from forum.embedded.folder import EmbeddedError, disk_is_low

__all__ = ["EmbeddedError", "Servers", "attach", "disk_is_low"]
