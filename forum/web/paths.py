"""What may stand in a path: numbers that can be ids, and slugs. Everything else matches no route."""

import re

from starlette.convertors import CONVERTOR_TYPES, Convertor, register_url_convertor


class IdConvertor(Convertor[int]):
    """A whole number from 1 that the database can hold."""

    regex = "[1-9][0-9]{0,17}"

    def convert(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """The digits."""
        return str(value)


class SlugConvertor(Convertor[str]):
    """What can be the slug of a network."""

    regex = "[a-z0-9][a-z0-9-]{0,59}"

    def convert(self, value: str) -> str:
        """The slug."""
        return value

    def to_string(self, value: str) -> str:
        """The slug."""
        return value


def register() -> None:
    """Make `{post:id}` and `{slug:slug}` mean these."""
    if "slug" not in CONVERTOR_TYPES:
        register_url_convertor("id", IdConvertor())
        register_url_convertor("slug", SlugConvertor())


def matches(convertor: type[Convertor[str]], text: str) -> bool:
    """Whether a text that came otherwise than in a path could stand in one."""
    return re.fullmatch(convertor.regex, text) is not None
