"""Views: rows to HTML. Pages, fragments and live frames come from the same partials, and from nowhere else.

`Views` is made once by a process: `page` renders a template, its other methods render one row or many
(forum.views.fragments).
"""

from forum.views.assets import Asset, Assets
from forum.views.facts import Row
from forum.views.fragments import Fragments
from forum.views.guests import without_profiles
from forum.views.pages import Views
from forum.views.shell import Me, RailNetwork, Shell

__all__ = ["Asset", "Assets", "Fragments", "Me", "RailNetwork", "Row", "Shell", "Views", "without_profiles"]
