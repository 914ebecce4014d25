"""Jinja2 as the site uses it: strict, escaping, and asked only for what differs from page to page."""

import contextlib
import hashlib
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.visitor import NodeTransformer

TEMPLATES_FOLDER: Final = Path(__file__).parent.parent.parent / "templates"
SETTLED: Final = frozenset({"icon", "static", "scripts"})
"""What templates call that answers the same for as long as the site runs."""


class SharedTemplate(jinja2.Template):
    """A template whose macros are the same for all that import them: none is handed names of its own when it is got."""

    def _get_default_module(self, ctx: jinja2.runtime.Context | None = None) -> Any:
        """Without a look at what the importing page has: Jinja would compare all global names at each import."""
        del ctx
        return super()._get_default_module()


class Settled(NodeTransformer):
    """Makes the calls whose answer is known when a template is compiled: `icon('bell', 's')` becomes its SVG."""

    def __init__(self, environment: jinja2.Environment) -> None:
        self._environment = environment

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - the name that Jinja looks for
        """A call of one of SETTLED with nothing but constants becomes a constant."""
        self.generic_visit(node)
        constants = [each.value for each in node.args if isinstance(each, nodes.Const)]
        if not isinstance(node.node, nodes.Name) or node.node.name not in SETTLED or node.kwargs:
            return node
        if len(constants) < len(node.args):
            return node
        answer: Any = self._environment.globals[node.node.name]
        return nodes.Const(answer(*constants), lineno=node.lineno, environment=self._environment)


class Environment(jinja2.Environment):
    """Templates of which an import costs nothing, and that ask only for what differs from page to page."""

    template_class = SharedTemplate

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What a template names with a dot: mostly a fact of a row, where Jinja would look for an attribute first."""
        if isinstance(obj, dict):
            try:
                return obj[attribute]
            except KeyError:
                pass
        return super().getattr(obj, attribute)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Without a chain of mappings where a template has no names of its own: each page copies them all."""
        return super().make_globals(d) if d else self.globals

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        settled: nodes.Template = Settled(self).visit(super()._parse(source, name, filename))
        return settled


class Compiled(jinja2.FileSystemBytecodeCache):
    """Templates as they were compiled, in a folder: eighty of them cost a second of a core, at each start.

    `settled` stands for all that the answers of SETTLED are made of: a template that was compiled with others is
    compiled anew. A folder that cannot be written costs that second, and nothing else.
    """

    def __init__(self, folder: Path, settled: bytes) -> None:
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(str(folder))
        self._settled = hashlib.sha256(settled + Path(__file__).read_bytes()).hexdigest()

    def get_source_checksum(self, source: str) -> str:
        """As Jinja's, and that of what is settled with it."""
        return super().get_source_checksum(source) + self._settled

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """As Jinja's, where the folder can be written."""
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)
