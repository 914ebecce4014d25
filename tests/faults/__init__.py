"""Nothing is lost, whatever dies in between: see docs/live.md."""
