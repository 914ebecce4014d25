"""What stands in `static/`, read once: bytes to serve, and addresses that change with the content.

Invariants: an address with the right `v` never changes its content, so it may be kept for ever; all of `static/css/` is
one stylesheet, `css/forum.css`; the imports between modules carry the `v` of all modules together, so that a page never
runs modules of two releases.
"""

import gzip
import hashlib
import mimetypes
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STYLESHEET: Final = "css/forum.css"
MIN_BYTES_TO_PACK: Final = 500

_IMPORT: Final = re.compile(rb"""((?:\bfrom|\bimport)\s*\(?\s*["']\.{1,2}/[^"'?]+\.js)(?=["'])""")
_NEEDED: Final = re.compile(rb"""(?<!=> )(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}/[^"'?]+\.js)["']""")
"""What a module cannot run without; `() => import(…)` is fetched where a page has its element."""
_COMMENT: Final = re.compile(rb"/\*.*?\*/\s*", re.DOTALL)
_SAID: Final = re.compile(rb"(?m)^[ \t]*(?://[^\n]*|/\*\*?(?:(?!\*/)[\s\S])*\*/)[ \t]*\n")
"""A comment with lines of its own: no string of ours begins a line so (a test looks)."""
_INDENT: Final = re.compile(rb"\s*\n\s*")
"""No string of ours goes over two lines (a test looks)."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served: `packed` is its gzip form, or None where that gains nothing."""

    content: bytes
    packed: bytes | None
    media_type: str
    version: str


class Assets:
    """All static files, by their path below `static/`."""

    def __init__(self, folder: Path) -> None:
        contents = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix not in {".css", ".md"}
        }
        modules = sorted(name for name in contents if name.endswith(".js"))
        self._needs = {name: _needs(name, contents[name]) for name in modules}
        modules_version = _digest(b"".join(contents[name] for name in modules))
        for name in modules:
            spoken = _IMPORT.sub(rb"\1?v=" + modules_version.encode(), contents[name])
            contents[name] = _INDENT.sub(b"\n", _SAID.sub(b"", spoken))
        contents[STYLESHEET] = _stylesheet(folder / "css")
        self._assets = {
            name: _asset(name, content, modules_version if name in modules else _digest(content))
            for name, content in contents.items()
        }

    def get(self, path: str) -> Asset | None:
        """The file at this path, or None."""
        return self._assets.get(path)

    def address(self, path: str) -> str:
        """Where a page finds it: "/static/css/forum.css?v=…". Raises KeyError for a file that there is not."""
        return f"/static/{path}?v={self._assets[path].version}"

    @property
    def versions(self) -> str:
        """What all addresses here are made of."""
        return " ".join(f"{name} {asset.version}" for name, asset in self._assets.items())

    def modules(self, *entries: str) -> tuple[str, ...]:
        """The addresses of these modules and of all that they need, for a page to fetch ahead."""
        found: set[str] = set()
        waiting = list(entries)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._needs[name])
        return tuple(self.address(name) for name in sorted(found))


def _needs(name: str, content: bytes) -> list[str]:
    """The modules that this one imports, by their path below `static/`."""
    here = posixpath.dirname(name)
    return [posixpath.normpath(posixpath.join(here, found.decode())) for found in _NEEDED.findall(content)]


def _stylesheet(folder: Path) -> bytes:
    """All files in the order of their names, without comments and indents."""
    whole = b"".join(path.read_bytes() for path in sorted(folder.glob("*.css")))
    return _INDENT.sub(b"\n", _COMMENT.sub(b"", whole))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _asset(name: str, content: bytes, version: str) -> Asset:
    media_type = (
        "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"
    )
    packed = gzip.compress(content, 9, mtime=0) if len(content) >= MIN_BYTES_TO_PACK else None
    return Asset(content, packed if packed and len(packed) < len(content) else None, media_type, version)
