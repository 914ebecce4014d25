"""Holds real answers against the document: what was sent, its status, its headers and its body."""

import re
from typing import Any

import httpx
import jsonschema_rs


class Document:
    """The OpenAPI document of a site, as a judge of its answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.seen: set[tuple[str, str, int]] = set()
        """Which answers were held against it: method, path, status."""
        self._paths = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + r"\Z"), path, operations)
            for path, operations in document["paths"].items()
        ]
        self._validators: dict[str, Any] = {}

    def check(self, response: httpx.Response) -> None:
        """Fails where the answer is not as the document says."""
        request = response.request
        found = self._operation(request)
        if found is None:
            assert response.status_code in {404, 405}, f"{request.method} {request.url.path} is not in the document"
            return
        path, operation = found
        documented = operation["responses"].get(str(response.status_code))
        assert documented, f"{request.method} {path}: {response.status_code} is not in the document: {response.text}"
        for name, header in documented.get("headers", {}).items():
            assert not header["required"] or name in response.headers, f"{request.method} {path} lacks {name}"
        if "content" not in documented:
            assert not response.content, f"{request.method} {path} says something with {response.status_code}"
        else:
            ((kind, media),) = documented["content"].items()
            assert response.headers["content-type"] == kind
            self._validator(media["schema"]).validate(response.json())
        self.seen.add((request.method, path, response.status_code))

    def _operation(self, request: httpx.Request) -> tuple[str, Any] | None:
        method = "get" if request.method == "HEAD" else request.method.lower()
        # A path that is written out comes before one with a name in it.
        for pattern, path, operations in sorted(self._paths, key=lambda each: each[1].count("{")):
            if method in operations and pattern.match(request.url.path):
                return path, operations[method]
        return None

    def _validator(self, schema: dict[str, Any]) -> Any:
        key = schema["$ref"]
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return self._validators[key]
