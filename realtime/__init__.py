"""Live delivery: channels, cursors and frames.

This package brings what was committed to every screen that follows it. It knows no post, no member's name and no
table: the application hands it functions (`source.Source`) and gets two routes and a hub in return. `docs/live.md`
states the promise.
"""
