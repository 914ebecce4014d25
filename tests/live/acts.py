"""The acts of the forum, found in its code: every function of a module of nouns that opens a transaction, or writes by
one statement.
"""

import ast
import functools
from pathlib import Path

FORUM = Path(__file__).parents[2] / "forum"

NOT_NOUNS = {"db", "app", "live", "cli", "serve", "migrate", "demo", "jobs"}

RECORD_NOTHING = {
    "sessions.seen": "when a session was last used is shown nowhere live",
}
"""Acts that may record no update, each with its reason."""


@functools.cache
def acts() -> frozenset[str]:
    """`module.function` of every act."""
    found = set()
    for path in FORUM.glob("*.py"):
        if path.stem in NOT_NOUNS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AsyncFunctionDef) and _writes(node):
                found.add(f"{path.stem}.{node.name}")
    return frozenset(found)


def _writes(function: ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"transaction", "write_together"}
        for node in ast.walk(function)
    )
