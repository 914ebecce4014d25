"""How it looks, where a machine can tell: contrast of the served stylesheet, nothing inline, what a page weighs."""

import itertools
import math
import re
from pathlib import Path

import pytest

from forum.views import Assets, Me, RailNetwork, Shell, Views
from forum.views.environment import TEMPLATES_FOLDER
from forum.views.pages import STATIC_FOLDER
from tests.pages.rows import network, post, thread, views

TEXT, EDGE = 4.5, 3.0
"""WCAG 2.2: ratios for text (1.4.3) and for what must be seen (1.4.11)."""

ON = {
    TEXT: [
        ("ink", "surface"), ("ink", "paper"), ("ink", "sunken"), ("ink", "raised"), ("ink", "wash-deep"),
        ("ink-2", "surface"), ("ink-2", "paper"), ("ink-2", "sunken"), ("ink-2", "wash"), ("ink-2", "wash-deep"),
        ("ink-2", "raised"), ("ink-3", "surface"), ("ink-3", "paper"), ("ink-3", "sunken"), ("ink-3", "wash"),
        ("ink-3", "raised"), ("accent", "surface"), ("accent", "raised"), ("accent", "wash"), ("accent", "wash-deep"),
        ("on-accent", "accent"), ("on-accent", "accent-deep"), ("accent-deep", "wash-deep"), ("bad", "surface"),
        ("bad", "bad-wash"), ("bad", "raised"), ("on-bad", "bad"), ("warn", "warn-wash"), ("surface", "ink"),
    ],
    EDGE: [
        ("edge", "surface"), ("edge", "raised"), ("edge", "paper"), ("accent", "surface"), ("accent", "paper"),
        ("here", "surface"), ("here", "paper"), ("bad", "surface"),
    ],
}  # fmt: skip

Colour = tuple[float, float, float]


def stylesheet() -> str:
    asset = Assets(STATIC_FOLDER).get("css/forum.css")
    assert asset is not None
    return asset.content.decode()


def parse(oklch: str) -> Colour:
    """`oklch(0.5 0.1 200)` as linear sRGB."""
    lightness, chroma, hue = (float(part) for part in re.findall(r"[\d.]+", oklch)[:3])
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return tuple(min(max(part, 0.0), 1.0) for part in linear)  # type: ignore[return-value]


def ratio(one: Colour, other: Colour) -> float:
    light, dark = sorted((0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def tokens() -> dict[str, tuple[Colour, Colour]]:
    """Each colour token in light and dark."""
    found = re.findall(r"--([\w-]+):\s*light-dark\((oklch\([^)]*\)),\s*(oklch\([^)]*\))\)", stylesheet())
    return {name: (parse(light), parse(dark)) for name, light, dark in found}


def test_white_and_black_are_as_far_apart_as_they_get() -> None:
    assert ratio(parse("oklch(1 0 0)"), parse("oklch(0 0 0)")) == pytest.approx(21, abs=0.05)


@pytest.mark.parametrize(("least", "front", "back"), [(least, *pair) for least, pairs in ON.items() for pair in pairs])
def test_what_is_written_and_what_is_drawn_can_be_seen(least: float, front: str, back: str) -> None:
    colours = tokens()
    for theme in (0, 1):
        assert ratio(colours[front][theme], colours[back][theme]) >= least


def test_every_avatar_can_be_read() -> None:
    css = stylesheet()
    rule = re.search(r"\.avatar \{.*?background: light-dark\((.*?)\);\s*color: light-dark\((.*?)\);", css, re.DOTALL)
    assert rule is not None
    hues = re.findall(r"\.h(\d+) \{ --h: (\d+); \}", css)
    assert len(hues) == 12
    for _, degrees in hues:
        back, front = (
            [parse(each.replace("var(--h)", degrees)) for each in part.split("), ")] for part in rule.groups()
        )
        for theme in (0, 1):
            assert ratio(back[theme], front[theme]) >= 7


def templates() -> list[Path]:
    return sorted(TEMPLATES_FOLDER.rglob("*.html"))


@pytest.mark.parametrize("template", templates(), ids=lambda path: path.relative_to(TEMPLATES_FOLDER).as_posix())
def test_a_template_compiles_and_holds_nothing_inline(template: Path) -> None:
    views().environment.get_template(template.relative_to(TEMPLATES_FOLDER).as_posix())
    source = template.read_text()
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\bsrc=)|javascript:|\son[a-z]+=", source)


def test_classes_of_the_templates_are_known_to_the_stylesheet_or_to_scripts() -> None:
    """A class that nobody draws is a slip of the pen."""
    known = set(re.findall(r"\.([a-z][\w-]*)", stylesheet()))
    for script in (STATIC_FOLDER / "js").rglob("*.js"):
        known |= set(re.findall(r"[\w-]+", script.read_text()))
    known |= {f"h{hue}" for hue in range(12)}
    for template in templates():
        for value in re.findall(r'class="([^"{}]*)"', template.read_text()):
            assert set(value.split()) <= known | HOOKS, (template.name, value)


HOOKS = {"top", "person", "scroll", "steps", "kept-text", "menu-of", "home", "keys", "who"}
"""Classes that only name a place."""


def shell() -> Shell:
    """A member of seven networks."""
    networks = tuple(
        RailNetwork(
            id=number, slug=f"network-{number}", name=f"Network {number}", room_id=number, threads=number, here=3
        )
        for number in range(1, 8)
    )
    return Shell(
        me=Me(id=7, name="Ben Okafor"), networks=networks, notifications=4, channels={"thread:9": 44}, log="a" * 32
    )


def thread_page(site: Views, posts: int) -> str:
    """A thread in the middle of its life, as a member sees it."""
    words = (
        "<p>"
        + "We let the two libraries in the borough check documents for us, and nobody was sent home. " * 4
        + "</p>"
    )
    rows = [
        post(id=100 + number, number=number, depth=depth, parent_id=99 + number, html=words)
        for number, depth in zip(range(2, posts + 1), itertools.cycle((1, 2, 3, 1)), strict=False)
    ]
    return site.page(
        "threads/thread.html", shell=shell(), thread=thread(), network=network(), above=None, order="tree",
        posts=rows, opening=post(depth=0, parent_id=None, number=1, html=words), unread={4, 5}, since="Friday, 17:42",
        read="{[1,4)}", earlier=None, later=None, first="", last="", following=True, may_change=False, closed="",
        join=None, drawn=None,
        composer={"key": "k", "text": "", "error": "", "networks": [network()], "through": 3},
    )  # fmt: skip


def test_a_page_fetches_ahead_what_it_has() -> None:
    page = thread_page(views(), 3)
    ahead = set(re.findall(r'<link rel="modulepreload" href="/static/js/([a-z/-]+)\.js', page))
    assert {"forum", "live", "thread/thread", "thread/tree", "writing/composer"} <= ahead
    assert not {name for name in ahead if name.startswith(("room/", "list/"))}


def test_no_text_of_a_script_goes_over_two_lines() -> None:
    """Comments on lines of their own are left out of what is sent, and indents: a longer text would not survive."""
    for path in (STATIC_FOLDER / "js").rglob("*.js"):
        spoken = re.sub(r"(?m)^\s*(?://.*|/\*[\s\S]*?\*/\s*)$", "", path.read_text("utf-8"))
        split = [line for line in spoken.splitlines() if re.sub(r"\\`|//.*$", "", line).count("`") % 2]
        assert not split, f"{path.name}: {split}"


def test_a_page_names_its_language_theme_and_channels() -> None:
    page = thread_page(views(), 3)
    assert '<html lang="en-GB" data-me="7"' in page
    assert 'data-channels="{&#34;thread:9&#34;:44}"' in page
    assert page.count("<h1") == 1
    assert page.count("<main") == 1


def test_a_page_fetches_one_stylesheet_and_one_entry() -> None:
    page = thread_page(views(), 3)
    assert re.findall(r'<link rel="stylesheet" href="/static/css/forum\.css\?v=[0-9a-f]{12}">', page)
    assert page.count('rel="stylesheet"') == 1
    assert page.count("<script") == 1


def test_an_address_changes_with_its_content_and_imports_carry_it(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("/* why */ a {}")
    (tmp_path / "js" / "forum.js").write_text('import { a } from "./deep/a.js";\nimport "./b.js";')
    (tmp_path / "js" / "b.js").write_text("export const b = 1;")
    first = Assets(tmp_path)
    entry = first.get("js/forum.js")
    assert entry is not None
    version = first.address("js/b.js").partition("?v=")[2]
    assert entry.content.decode() == f'import {{ a }} from "./deep/a.js?v={version}";\nimport "./b.js?v={version}";'
    (tmp_path / "js" / "b.js").write_text("export const b = 2;")
    second = Assets(tmp_path)
    assert second.address("js/forum.js") != first.address("js/forum.js")
    assert second.address("css/forum.css") == first.address("css/forum.css")
    assert second.get("css/a.css") is None
    assert second.get("../pyproject.toml") is None
