"""Headers and bodies as they come: whatever the bytes say."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum.imports.bodies import UNREADABLE, text_of
from forum.imports.charsets import decode
from forum.imports.headers import Headers, decode_words


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("Ana Ruiz <Ana@A.example>", "Ana Ruiz", "ana@a.example"),
        ("ana at a.example (Ana Ruiz)", "Ana Ruiz", "ana@a.example"),
        ("ana at a.example (ana at a.example)", "ana", "ana@a.example"),
        ('"ana@a.example" <ana@a.example>', "ana", "ana@a.example"),
        ("ana@a.example", "ana", "ana@a.example"),
        ("=?iso-8859-1?q?J=F6rg?= <j@a.example>", "Jörg", "j@a.example"),
        ("=?utf-8?b?w4E=?= =?utf-8?b?bmE=?= <a@a.example>", "Ána", "a@a.example"),
        ("Ana (IT (Head)) <ana@a.example>", "Ana", "ana@a.example"),
        ('"Ruiz, Ana" <ana@a.example>', "Ruiz, Ana", "ana@a.example"),
        ("\u202eAna\u200b <ana@a.example>", "Ana", "ana@a.example"),
        ("<>", "Unknown", ""),
        ("", "Unknown", ""),
    ],
)
def test_authors(value: str, name: str, address: str) -> None:
    author = Headers(f"From: {value}".encode()).author()
    assert (author.name, author.address) == (name, address)


@pytest.mark.parametrize(
    ("value", "title"),
    [
        ("[list] Re: [list] RE: AW: A question", "A question"),
        ("Re: ", "Re:"),
        ("", "(no subject)"),
        ("folded\n  line", "folded line"),
        ("[list] [PATCH 1/2] x", "[PATCH 1/2] x"),
        ("=?utf-8?q?a=00b?=", "ab"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_titles(value: str, title: str) -> None:
    assert Headers(f"Subject: {value}".encode()).subject() == title


def test_encoded_words_that_cut_a_character_in_two() -> None:
    assert decode_words(b"=?utf-8?b?5ryi5a0=?= =?utf-8?b?lw==?= =?utf-8?q?_ok?=") == "漢字 ok"
    assert decode_words(b"=?nonsense?q?caf=E9?= =?utf-8?b?%%%?=").startswith("café")


@pytest.mark.parametrize(
    ("data", "charset", "words"),
    [
        ("naïve".encode("cp1252"), "us-ascii", "naïve"),
        ("naïve".encode(), "iso-8859-1x", "naïve"),
        ("“quoted”".encode("cp1252"), "iso-8859-1", "“quoted”"),
        ("漢字".encode("gb18030"), "gb2312", "漢字"),
        ("한국".encode("cp949"), "ks_c_5601-1987", "한국"),
        (b"x" * 30, "zlib", "x" * 30),
        (b"abc-", "punycode", "abc-"),
        (b"\x81\x8d", "utf-8", "\x81\x8d"),
    ],
)
def test_charsets(data: bytes, charset: str, words: str) -> None:
    assert decode(data, charset) == words


def test_references_nearest_first() -> None:
    head = b"Message-ID: <own>\nReferences: <a> <b>\n <own> <c>\nIn-Reply-To: message of Ana <d> <b>"
    assert Headers(head).references() == [b"d", b"c", b"b", b"a"]


@pytest.mark.parametrize(
    "stamp",
    [
        "Thu, 1 Nov 2001 11:19:12 +0000",
        "Thu Nov  1 11:19:12 2001",
        "1 Nov 01 11:19:12 GMT",
        "Thu Nov  1 11:19:12 UTC 2001",
    ],
)
def test_dates(stamp: str) -> None:
    assert list(Headers(f"Date: {stamp}".encode()).dates(b"")) == [datetime(2001, 11, 1, 11, 19, 12, tzinfo=UTC)]


MULTIPART = b"""Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/html

<p>html</p>
--c
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: quoted-printable

plain=20
text=C3=A9
--c--
--b
Content-Type: application/pdf; name="=?utf-8?q?caf=C3=A9.pdf?="
Content-Disposition: attachment
Content-Transfer-Encoding: base64

QUJD
--b
Content-Type: message/rfc822

Subject: Inner

words
--b--
"""


def test_the_plain_text_is_taken_and_attachments_are_named() -> None:
    assert text_of(MULTIPART) == (
        "plain texté\n\n---------- Mail from Unknown: Inner\n\nwords\n\nAttachment: café.pdf (application/pdf, 1 kB)"
    )


@pytest.mark.parametrize(
    ("mail", "words"),
    [
        (b"Subject: x\n\n", "(no text)"),
        (b"Content-Type: text/html\n\n<p>only <b>html</b></p>", "only html"),
        (b"Content-Transfer-Encoding: base64\n\naGVsbG8", "hello"),
        (b"Content-Transfer-Encoding: nonsense\n\nhello", "hello"),
        (b"Content-Type: text/plain; charset=utf-8\n\nnul\x00 esc\x1b[1m bell\x07", "nul esc[1m bell"),
        (b"Content-Type: multipart/mixed\n\nno boundary", "no boundary"),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n", "one"),
    ],
)
def test_odd_bodies(mail: bytes, words: str) -> None:
    assert text_of(mail) == words


PIECES = [
    *(b"\n", b"\n\n", b": ", b"From: ", b"Date: ", b"Subject: ", b"References: <", b">", b"=?utf-8?q?", b"?=", b"=3D"),
    *(b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/html; charset=", b"utf-16", b"\n--b\n", b"\n--b--"),
    *(b"Content-Transfer-Encoding: ", b"base64", b"uuencode", b"begin 644 a\n", b"quoted-printable", b"message/rfc822"),
    *(b'"', b"(", b")", b"@", b"filename*0*="),
]


INNER = """From: Ben <ben@b.example>
Subject: =?utf-8?q?Caf=C3=A9?=

The words of Ben.
"""


def within(kind: str, disposition: str = "") -> bytes:
    inner = f"Content-Type: message/rfc822\n{disposition}\n{INNER}"
    parts = f"--B\nContent-Type: text/plain\n\nFirst.\n--B\n{inner}\n--B\n{inner.replace('Ben', 'Cara')}\n--B--\n"
    return f"From: ana@a.example\nContent-Type: multipart/{kind}; boundary=B\n\n{parts}".encode()


def test_the_mails_within_a_mail_keep_their_words() -> None:
    words = "---------- Mail from Ben: Café\n\nThe words of Ben."
    assert text_of(within("mixed")) == f"First.\n\n{words}\n\n{words.replace('Ben', 'Cara')}"
    assert text_of(within("digest")) == text_of(within("mixed"))
    attached = text_of(within("mixed", "Content-Disposition: attachment\n"))
    assert attached == "First.\n\nAttachment: Café (mail)\nAttachment: Café (mail)"


@pytest.mark.long
@given(st.lists(st.one_of(st.binary(max_size=20), st.sampled_from(PIECES)), max_size=30).map(b"".join))
@settings(max_examples=500, deadline=None)
def test_no_bytes_are_too_odd(raw: bytes) -> None:
    headers = Headers(raw)
    assert headers.subject()
    assert headers.author().name
    headers.references()
    assert all(found.tzinfo for found in headers.dates(raw[:80]))
    try:
        words = text_of(raw)
    except UNREADABLE:
        return
    words.encode()
    assert "\x00" not in words
