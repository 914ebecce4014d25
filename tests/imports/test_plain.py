"""Mail text as Markdown: shown as it was written, and nothing else."""

import html as html_entities
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum import text
from forum.imports.markup import text_of_html
from forum.imports.plain import mask, to_markdown, to_message


def shown(words: str) -> str:
    return text.render(to_markdown(words), quoting=False).html


def letters(rendered: str) -> str:
    """What a reader sees, without spaces."""
    return re.sub(r"\s", "", html_entities.unescape(re.sub(r"<[^<>]*>", "", rendered)))


@pytest.mark.parametrize(
    "words",
    [
        *(
            "# not heading",
            "- not a list",
            "1. nor this",
            "2) nor that",
            "* nor *this* _here_",
            "__init__ and a_b and _x",
        ),
        *("a\n===", "a\n---", "-- ", "***", "`tick` ``two``", "~~gone~~ ~~~", "[x](http://a.example)", "```\ncode"),
        *(
            "&amp; &#60; &nbsp;",
            "<b>bold</b> <!-- c --> <a@b> <http>",
            "a | b\n--|--\n1 | 2",
            "\\*x\\",
            "+ x\n+",
            "=> x",
        ),
        *("http://a.example/_b_/*c*?d=e&copy;f", "![x](y)", "[#77]", "@{7} @\\{7}", "|-|-|\n|-|-|", "\tx\t= y"),
        "[x]: http://a.example",
    ],
)
def test_nothing_turns_into_markdown(words: str) -> None:
    rendered = shown(words)
    assert letters(rendered) == re.sub(r"\s", "", words)
    assert not re.search(r"<(?:h\d|ul|ol|li|em|strong|s|table|hr|img|blockquote|span)\b", rendered)


def test_addresses_of_the_web_are_links() -> None:
    assert '<a href="https://a.example/b_c/"' in shown("see https://a.example/b_c/.")
    assert "&lt;<a href=" in shown("see <https://a.example/>")


def test_quoted_lines_are_quotations() -> None:
    rendered = shown("Ana wrote:\n> one\n> two\n>> deeper\nmy answer\n> > spaced\nend")
    assert rendered == (
        "<p>Ana wrote:</p>\n<blockquote>\n<p>one<br>\ntwo</p>\n"
        "<blockquote>\n<p>deeper</p>\n</blockquote>\n</blockquote>\n"
        "<p>my answer</p>\n<blockquote>\n<blockquote>\n<p>spaced</p>\n</blockquote>\n</blockquote>\n<p>end</p>"
    )


def test_a_python_prompt_is_no_quotation() -> None:
    rendered = shown("Try this:\n\n>>> a = [1]\n>>> a\n[1]\n\nand\n\n> he said\n>>> deeper")
    assert "<code>&gt;&gt;&gt; a = [1]\n&gt;&gt;&gt; a\n[1]\n</code>" in rendered
    assert rendered.count("<blockquote>") == 3


def test_columns_and_code_keep_their_spaces() -> None:
    table = "desk        checked     away\nmain        412         6\nwest        688         2"
    assert f"<code>{table}\n</code>" in shown(f"See:\n\n{table}\n\nBye")
    code = "for x in y:\n    print(x)"
    assert f"<code>{code}\n</code>" in shown("  " + code.replace("\n", "\n  "))
    assert "<code>" not in shown("  A paragraph that somebody set in\n  a little and that is all prose.")


def test_lines_that_were_full_are_joined_and_short_ones_are_not() -> None:
    paragraph = (
        "This is a paragraph that a mail program broke wherever the next word\n"
        "did not fit any more, so that the lines have nearly the same length\n"
        "each, whereas the last one may of course be a good deal shorter than\n"
        "those."
    )
    assert shown(paragraph) == f"<p>{paragraph}</p>".replace("\n", " ")
    assert shown("Regards,\nAna\nHead of IT").count("<br>") == 2


def test_addresses_lose_their_domain() -> None:
    known = {"ana@a.example"}
    masked = to_markdown(
        "Ana <ana@a.example>, ana at a.example, look at b.example, x.y@c.d.example!", known.__contains__
    )
    assert masked == "Ana \\<ana@…>, ana at …, look at b.example, x.y@…!"


@pytest.mark.parametrize(
    ("words", "masked"),
    [
        ("mailto:ana@a.example Mail:cara@c.example", "mailto:ana@… Mail:cara@…"),
        ("ana (at) a.example, ana[at]a.example, ANA AT A.EXAMPLE", "ana (at) …, ana[at]…, ANA AT …"),
        ("http://l.example/opt/ana@a.example?q=ana%40a.example", "http://l.example/opt/ana@…?q=ana%40…"),
        ("http://l.example/opt/cara@c.example", "http://l.example/opt/cara@c.example"),
        ("Write at b.example at ana at a.example.", "Write at b.example at ana at …."),
        ("ana@localhost, root@localhost", "ana@…, root@localhost"),
        (
            "git@c.example:x :pserver:anonymous@cvs.c.example:/root",
            "git@c.example:x :pserver:anonymous@cvs.c.example:/root",
        ),
    ],
)
def test_an_authors_address_is_masked_however_it_is_written(words: str, masked: str) -> None:
    assert mask(words, {"ana@a.example", "ana@localhost"}.__contains__) == masked


def test_a_drawn_line_stays_alone() -> None:
    rule = "=" * 72
    assert (
        shown(f"{'word ' * 14}\n{rule}\nPlease do not answer\n\n{'word ' * 14}\n{'word ' * 14}").count(f"{rule}<br")
        == 1
    )


def test_a_message_is_one_line_of_words() -> None:
    assert text.render(to_message("> *ana*: see <x> # y"), quoting=False).html == "<p>&gt; *ana*: see &lt;x&gt; # y</p>"


MAIL = st.lists(
    st.sampled_from(
        [
            *(
                "> ",
                ">",
                ">>> ",
                "> > ",
                "  ",
                "\t",
                "\n",
                "\n\n",
                "# ",
                "- ",
                "* ",
                "1. ",
                "---",
                "===",
                "```",
                "`",
                "~~",
                "|",
            ),
            *(
                "<",
                "&amp;",
                "_a_",
                "*b*",
                "[c](d)",
                "[e]: f",
                "\\",
                "word ",
                "http://a.example/x_y_z*",
                "@{7}",
                "x = (y);",
                "é",
            ),
            *("a    b    c", "\u00a0", "+---+", "www.b.example", "!", "@", "From "),
        ]
    ),
    max_size=40,
).map("".join)


@pytest.mark.long
@given(st.one_of(MAIL, st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=200)))
@settings(max_examples=500, deadline=None)
def test_every_word_is_kept(words: str) -> None:
    rendered = shown(words)
    assert letters(rendered).replace(">", "") == re.sub(r"[\s>]", "", words.replace("\x00", ""))
    assert 'data-mention="' not in re.sub(r"&lt;.*?&gt;", "", rendered)


def seconds(done: Callable[[], object]) -> float:
    """Of the processor, for this thread alone."""
    began = time.thread_time()
    done()
    return time.thread_time() - began


def soon_done(hostile: Callable[[], object], ordinary: Callable[[], object], *, times: int) -> bool:
    """Whether it costs so many times what is ordinary at most. An unlucky pair has two more chances."""
    return any(seconds(hostile) < times * seconds(ordinary) for _ in range(3))


@pytest.mark.parametrize("piece", ["> ", ">>> a\n", "a@b.", "x at ", "  | \n", "-", "`", "word ", "http://", "_", "<"])
def test_long_texts_are_soon_done(piece: str) -> None:
    def read(text: str) -> object:
        return to_markdown((text * 24_000)[:24_000], lambda _: False)

    assert soon_done(
        lambda: read(piece), lambda: read("These are ordinary words.\nAs people write them.\n\n"), times=20
    )


def test_html_mail_is_laid_out_as_mail() -> None:
    html = (
        "<html><head><title>T</title><style>p{}</style></head><body><p>Hello&nbsp;<b>Ana</b>,<br>"
        "see <a href='https://a.example/x'>this</a></p><ul><li>one<li>two</ul>"
        "<blockquote>quoted<p>more</p></blockquote><pre>a\n  b</pre>"
        "<table><tr><td>1</td><td>2</td></tr></table><script>alert(1)</script><p>end"
    )
    assert text_of_html(html) == (
        "Hello\u00a0Ana,\nsee this <https://a.example/x>\n\n- one\n- two\n\n"
        "> quoted\n>\n> more\n>\na\n  b\n\n1 | 2\n\nend"
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<!--", "<div>", "<blockquote>", "&#", "<table><tr><td>", "</p>", "<a href='"]
)
def test_hostile_html_is_soon_done(piece: str) -> None:
    ordinary = "<p>Hello <b>Ana</b>,<br>see <a href='https://a.example'>this</a></p>"
    assert soon_done(lambda: text_of_html(piece * 10_000), lambda: text_of_html(ordinary * 1_000), times=20)
