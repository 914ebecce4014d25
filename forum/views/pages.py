"""Rows to pages: every template by its name, around a shell.

Invariants: a page is made of what it is handed and of nothing else: no query, no request, no clock but the site's. A
name that a template asks for and does not get is an error, never an empty place.
"""

import dataclasses
import functools
import operator
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup

from forum.views.assets import Assets
from forum.views.environment import TEMPLATES_FOLDER, Compiled
from forum.views.fragments import Clock, Fragments
from forum.views.guests import without_profiles
from forum.views.shell import Shell

STATIC_FOLDER: Final = Path(__file__).parent.parent.parent / "static"
RAIL_HAS_NOT: Final = frozenset({"channels", "log"})
ENTRY: Final = "js/forum.js"


_of_rail: Final = operator.attrgetter(
    *(each.name for each in dataclasses.fields(Shell) if each.name not in RAIL_HAS_NOT)
)


class Views(Fragments):
    """Everything that turns rows into HTML, for one site. `assets` are the files to serve under /static/."""

    def __init__(
        self,
        *,
        site_name: str,
        zone: ZoneInfo,
        development: bool = False,
        clock: Clock | None = None,
        templates: Path = TEMPLATES_FOLDER,
        static: Path = STATIC_FOLDER,
        compiled: Path | None = None,
    ) -> None:
        """`compiled`: a folder where templates are kept as they were compiled."""
        super().__init__(zone=zone, development=development, clock=clock, templates=templates)
        self.assets = Assets(static)
        self.environment.globals.update(
            site_name=site_name, static=self.assets.address, scripts=functools.cache(self._scripts)
        )
        if compiled is not None:
            settled = (templates / "icons.html").read_bytes() + self.assets.versions.encode()
            self.environment.bytecode_cache = Compiled(compiled, settled)

    def prepare(self) -> None:
        """Compile every template now: one that is compiled when it is first asked for keeps everybody waiting."""
        for name in self.environment.list_templates(["html"]):
            self.environment.get_template(name)

    def page(self, template: str, **context: Any) -> str:
        """A page, or a fragment that is not kept (`_rail.html`, `posts/_menu.html`); its head names its context.

        What is drawn in the shell of a guest has no links to profiles.
        """
        is_guests = "shell" in context and context["shell"].me is None
        shell = context.setdefault("shell", Shell())
        context["channels"] = msgspec.json.encode(shell.channels).decode()
        made = self.environment.get_template(template).render(context)
        return without_profiles(made) if is_guests else made

    def rail(self, shell: Shell) -> Markup:
        """What stands in the rail: kept, since most pages of a member show the same. It is handed no channels."""
        return self._around("_rail_content.html", shell)

    def tabbar(self, shell: Shell) -> Markup:
        """What stands in its place on a phone, likewise."""
        return self._around("_tabbar.html", shell)

    def _around(self, template: str, shell: Shell) -> Markup:
        def render() -> str:
            shown = dataclasses.replace(shell, channels={}, log="")
            return self.environment.get_template(template).render(shell=shown)

        return Markup(self.cache.get((template, *_of_rail(shell)), render))

    def now(self) -> datetime:
        """The site's clock."""
        return self._clock()

    def _scripts(self, *elements: str) -> Markup:
        """The one script of a page, fetched ahead with what it needs and with the elements that the page has.

        Nothing where there are no scripts.
        """
        if self.assets.get(ENTRY) is None:
            return Markup("")
        needed = self.assets.modules(ENTRY, *(f"js/{element}.js" for element in elements))
        ahead = "".join(f'<link rel="modulepreload" href="{address}">' for address in needed)
        return Markup(f'{ahead}<script type="module" src="{self.assets.address(ENTRY)}"></script>')
