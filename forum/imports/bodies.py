"""Bodies: the parts of a mail as one plain text, attachments named in it.

Of alternatives the plain text is taken; where there is only HTML, its text (`forum/imports/markup.py`). A mail within
it, as in a digest, is kept with its author's name and subject above its text. Every other part is an attachment: it is
named with its type and size, and its bytes are left behind. A part that cannot be decoded is kept as it came.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

from forum.imports.charsets import decode
from forum.imports.headers import Headers, decode_words
from forum.imports.markup import text_of_html
from forum.text import excerpt

NO_TEXT = "(no text)"
MAX_PARTS = 200
MAX_TEXT_CHARS = 1_000_000

UNREADABLE = (ValueError, LookupError, RecursionError, TypeError, AttributeError, AssertionError)
"""What the standard library's mail parser raises on mails that are no mails."""

_ODD = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_NAME_MAX_CHARS = 120


def text_of(raw: bytes) -> str:
    """The text of a mail, with "\\n" as newline, and "(no text)" for none. Raises one of UNREADABLE."""
    parts: list[str] = []
    attachments: list[str] = []
    for number, (part, wanted) in enumerate(_parts(message_from_bytes(raw))):
        if number >= MAX_PARTS:
            attachments.append("(more parts)")
            break
        if part.get_content_type() == "message/rfc822" and wanted:
            parts.append(_above(part))
        elif wanted:
            parts.append(_text(part))
        else:
            attachments.append(_named(part))
    text = "\n\n".join(filter(None, (part.strip("\n").rstrip() for part in parts)))
    named = "\n".join(f"Attachment: {attachment}" for attachment in attachments)
    return "\n\n".join(filter(None, (text[:MAX_TEXT_CHARS], named))) or NO_TEXT


def _parts(message: Message) -> Iterator[tuple[Message, bool]]:
    """Each part that is no container, and whether its text is wanted; a mail within is followed by its own parts."""
    kind = message.get_content_type()
    if kind == "message/rfc822" and message.is_multipart():
        yield message, not _is_attachment(message)
        if not _is_attachment(message):
            yield from _parts(_within(message))
        return
    if not message.is_multipart():
        # A container in which no part can be found is text, for all that we know.
        readable = kind in ("text/plain", "text/html") or kind.startswith("multipart/")
        yield message, readable and not _is_attachment(message)
        return
    children = [child for child in message.get_payload() if isinstance(child, Message)]
    if kind == "multipart/alternative":
        best = _best(children)
        if best is not None:
            yield from _parts(best)
        return
    for child in children:
        yield from _parts(child)


def _within(part: Message) -> Message:
    """The mail that a part of type message/rfc822 holds."""
    return next((child for child in part.get_payload() if isinstance(child, Message)), Message())


def _above(part: Message) -> str:
    """What stands above the text of a mail within a mail: `---------- Mail from Ana Ruiz: Its subject`."""
    inner = _within(part)
    head = b"\n".join(f"{name}: {value}".encode("utf-8", "surrogateescape") for name, value in inner.raw_items())
    headers = Headers(head)
    return f"---------- Mail from {headers.author().name}: {headers.subject()}"


def _best(children: list[Message]) -> Message | None:
    """Plain text before what holds it, before HTML, before anything."""
    for wanted in ("text/plain", "multipart/", "text/html", ""):
        for child in children:
            if child.get_content_type().startswith(wanted) and (child.is_multipart() or child.get_payload()):
                return child
    return None


def _is_attachment(part: Message) -> bool:
    disposition = str(part.get("content-disposition", "")).strip().lower()
    return disposition.startswith("attachment") or ("inline" in disposition and "filename" in disposition)


def _text(part: Message) -> str:
    text = decode(_payload(part), _charset(part))
    if part.get_content_type() == "text/html":
        text = text_of_html(text)
    elif str(part.get_param("format", "")).lower() == "flowed":
        text = _unflow(text)
    return _ODD.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n"))


def _charset(part: Message) -> str:
    charset = part.get_param("charset", "")
    return charset[2] if isinstance(charset, tuple) else str(charset or "")


def _payload(part: Message) -> bytes:
    """The bytes of a part, whatever its transfer encoding says."""
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    payload = part.get_payload()
    if not isinstance(payload, str):
        return b""
    if encoding == "base64":
        data = b"".join(payload.encode("utf-8", "surrogateescape").split())
        try:
            return base64.b64decode(data + b"=" * (-len(data) % 4))
        except binascii.Error:
            return _salvaged(data)
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else payload.encode("utf-8", "surrogateescape")


def _salvaged(data: bytes) -> bytes:
    """What can be read of broken base64: all whole groups of four."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    return base64.b64decode(letters[: len(letters) // 4 * 4]) if len(letters) * 2 > len(data) else data


def _unflow(text: str) -> str:
    """RFC 3676: a line that ends with a space goes on in the next one, if both are quoted as deeply."""
    rows: list[str] = []
    for row in text.splitlines():
        depth = len(row) - len(row.lstrip(">"))
        content = row[depth:].removeprefix(" ")
        before = rows[-1] if rows else ""
        before_depth = len(before) - len(before.lstrip(">"))
        if rows and before.endswith(" ") and before_depth == depth and before.strip("> ") not in ("", "--"):
            rows[-1] = before + content
        else:
            rows.append(f"{'>' * depth} {content}" if depth else content)
    return "\n".join(rows)


def _named(part: Message) -> str:
    """`report.pdf (application/pdf, 12 kB)`."""
    kind = part.get_content_type()
    raw_name = part.get_filename() or part.get("content-location") or ""
    name = decode_words(str(raw_name).encode("utf-8", "surrogateescape"))
    if kind == "message/rfc822" and not name:
        subject = _within(part).get("subject", "") if part.is_multipart() else ""
        name = decode_words(str(subject).encode("utf-8", "surrogateescape"))
        return f"{_short(name) or 'a mail'} (mail)"
    size = len(_payload(part))
    return f"{_short(name) or 'a file without a name'} ({kind}, {max(1, round(size / 1_000))} kB)"


def _short(name: str) -> str:
    # `excerpt` makes one line of it and cuts it at a word; a file's name holds no tags.
    return excerpt(name.replace("<", "").replace("&", "+"), _NAME_MAX_CHARS)
