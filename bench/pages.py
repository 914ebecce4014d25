"""Pages against the reference: the same bytes, the same database server, the same cores, in turns."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.request import Request as Get
from urllib.request import urlopen

from bench import site
from bench.programs import Request
from bench.row import Row
from bench.site import THREAD, Bench, Web
from bench.turns import Turns

CONNECTIONS = 16


@dataclass(frozen=True)
class Page:
    """One page of ours, as whom it is asked for, what of the reference it is held against, and the ratio to reach."""

    path: str
    headers: str
    kind: str
    at_least: float


PAGES = {
    "page_member": Page(f"/threads/{THREAD}?order=tree", "Cookie: forum=session-1", "page", 0.8),
    "page_guest": Page(f"/threads/{THREAD}?order=tree", "", "page", 1.0),
    "page_list": Page("/networks/network-1", "Cookie: forum=session-1", "page", 1.0),
    "page_json": Page(f"/api/v1/threads/{THREAD}/posts?limit=20", "Authorization: Bearer 1", "json", 1.0),
}


def _measured(name: str) -> Callable[[Bench], Row]:
    def measure(bench: Bench) -> Row:
        with site.web(bench.servers) as served:
            return _row(bench, name, PAGES[name], served)

    return measure


ROWS = {name: _measured(name) for name in PAGES}


def _row(bench: Bench, name: str, page: Page, served: Web) -> Row:
    ours, theirs = Request(page.path, headers=page.headers), Request(f"/{page.kind}/{THREAD}")
    weight = _weight(served.port, ours)
    with site.raw(bench.servers) as bare:
        pad = weight - _weight(bare.port, theirs)
    with site.raw(bench.servers, pad) as bare:
        forum, raw = Turns(bench, served, ours, CONNECTIONS), Turns(bench, bare, theirs, CONNECTIONS)
        for each in (forum, raw):
            each.warm_up()
        for _ in range(bench.turns):
            forum.take()
            raw.take()
    ratio = forum.per_s / raw.per_s
    note = (
        f"{weight / 1000:.1f} kB, {CONNECTIONS} connections; {forum.cpu_ms:.2f} ms of server CPU a page, "
        f"the reference {raw.cpu_ms:.2f} ms; {forum.busy}"
    )
    if pad < 0:
        note += f"; the reference weighs {-pad / 1000:.1f} kB more"
    return Row(
        name, round(forum.per_s), "requests/s", round(raw.per_s), round(ratio, 2), f"ratio ≥ {page.at_least}",
        ratio >= page.at_least, note,
        reason=f"{forum.busy.bound}; a page takes {forum.cpu_ms:.2f} ms, one of the reference {raw.cpu_ms:.2f} ms",
    )  # fmt: skip


def _weight(port: int, request: Request) -> int:
    get = Get(f"http://127.0.0.1:{port}{request.path}")
    if request.headers:
        get.add_header(*request.headers.split(": ", 1))
    with urlopen(get, timeout=20) as answer:
        return len(answer.read())
