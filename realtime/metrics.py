"""What live delivery counts. Plain numbers; whoever exposes them reads them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Metrics:
    """Counters since the process began; `Hub.gauges` has what is true now."""

    deliveries: int = 0
    """Updates handed to screens: one update to a thousand screens counts a thousand."""
    updates_read: int = 0
    reads: int = 0
    looks: int = 0
    resets: int = 0
    gone: int = 0
    rechecks: int = 0
    """How often the followers of a channel were checked again because its access version had changed."""
    slow_closes: int = 0
    source_errors: int = 0
    """Questions to the source that failed and were asked again."""
    holes: int = 0
    """Reads that came back with a gap, which was declared as a reset; 0 unless the source is broken."""
    wakeups_sent: int = 0
    wakeups_received: int = 0
    wakeups_missed: int = 0
    """Channels that only the look at the heads found behind."""
    wakeups_dropped: int = 0
    """Wake-ups that the bus could not carry: its queue was full, or Redis was away."""
    bus_reconnects: int = 0
    bad_frames: int = 0
    refused: int = 0
    polls: int = 0
