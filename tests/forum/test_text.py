"""Text: what may be stored, what is shown, and that nobody can smuggle anything through it."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum import text
from forum.errors import Invalid
from forum.text.rendering import MAX_HTML_CHARS, clean

PEOPLE = {"Ana Ruiz": [7], "Ana": [8], "Ben O'Dowd": [9], "Max Kerr": [11, 12]}


def html(body: str) -> str:
    return text.render(body).html


# What may be stored


def test_check_keeps_what_people_write() -> None:
    assert text.check("\n\r\n  Dear all,\r\nIM&T – ‘e-RS’ 👩‍💻\t!\r\r\n  ") == "  Dear all,\nIM&T – ‘e-RS’ 👩‍💻\t!"


@pytest.mark.parametrize("body", ["", "  \n\t ", "\u200b\u200e", "\u3164", "\u2028"])
def test_nothing_to_see_is_refused(body: str) -> None:
    with pytest.raises(Invalid) as refused:
        text.check(body)
    assert refused.value.errors == {"body": "Please write something first."}


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "\x1b", "\x85", "\x7f", "\uffff"])
def test_what_cannot_be_stored_is_named_by_its_line(odd: str) -> None:
    with pytest.raises(Invalid) as refused:
        text.check(f"one\r\ntwo\nthree {odd}")
    assert "(line 3)" in refused.value.errors["body"]


def test_too_long_says_by_how_much() -> None:
    assert text.check("a" * 32_768)
    with pytest.raises(Invalid) as refused:
        text.check("é" * (16_384 + 1_240), advice=text.MORE_POSTS)
    assert refused.value.errors["body"] == "This is 1,240 characters too long. A thread can hold more than one post."


def test_too_long_says_how_long_it_may_be() -> None:
    with pytest.raises(Invalid) as refused:
        text.check("a" * 4_001, 4_000, field="note")
    assert refused.value.errors["note"] == "This is 1 character too long. There is room for about 4,000 characters."
    with pytest.raises(Invalid) as refused:
        text.line("a" * 202, 200)
    assert refused.value.errors["title"] == "This is 2 characters too long. There is room for 200 characters."


def test_names_are_one_visible_line_in_nfc() -> None:
    assert text.name(" \u202eAna\u200b \t\n e\u0301 \ufeffRuiz ", 80) == "Ana é Ruiz"
    assert text.line("C++ / IM&T – what’s next?", 80) == "C++ / IM&T – what’s next?"
    for bad in ("\u202e\u200b", "---", "a" * 81, "a\x00b"):
        with pytest.raises(Invalid) as refused:
            text.name(bad, 80)
        assert set(refused.value.errors) == {"name"}


# What is shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("# Top", "<h4>Top</h4>"),
        ("##### Low", "<h6>Low</h6>"),
        ("~~gone~~ **now**", "<p><s>gone</s> <strong>now</strong></p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](//elsewhere)", "<p>[x](//elsewhere)</p>"),
        ("a.b_c_d @ e", "<p>a.b_c_d @ e</p>"),
    ],
)
def test_markdown(body: str, shown: str) -> None:
    assert html(body) == shown


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ("see https://a.example/x_(y)?q=1&r=2).", "https://a.example/x_(y)?q=1&amp;r=2"),
        ("(www.nhs.uk)", "https://www.nhs.uk"),
        ("**https://a.example/b**", "https://a.example/b"),
        ("![a chart](https://a.example/c.png)", "https://a.example/c.png"),
        ("<mailto:ana@a.example>", "mailto:ana@a.example"),
        ("[here](/threads/9)", "/threads/9"),
    ],
)
def test_links(body: str, url: str) -> None:
    assert f'<a href="{url}" rel="nofollow ugc noopener noreferrer">' in html(body)


def test_an_image_is_a_link_and_never_loads() -> None:
    shown = html("[![logo @{7}](http://a.example/1.png)](http://b.example/) ![](http://c.example/2.png)")
    assert "<img" not in shown
    assert shown.count("<a ") == 2
    assert '<span class="mention" data-mention="7"></span>' in shown


def test_tables_scroll_in_a_named_region_and_have_no_styles() -> None:
    shown = html('|Desk "A"|Checked|\n|:--|--:|\n|Main|412|')
    assert '<div class="scroller" role="region" tabindex="0" aria-label="Table: Desk &quot;A&quot;, Checked">' in shown
    assert '<td class="right">412</td>' in shown
    assert "style" not in shown


def test_code_can_be_reached_by_keyboard() -> None:
    assert html("```sql\nSELECT '<b>';\n```").startswith('<pre class="scroller" role="group" tabindex="0"')


def test_what_is_nested_too_deep_is_still_read() -> None:
    shown = html("> " * 60 + "deep\n\n" + "".join("  " * level + "- item\n" for level in range(60)))
    assert "deep" in shown
    assert shown.count("item") == 60
    assert shown.count("<blockquote>") <= 24


@pytest.mark.long
def test_a_long_table_becomes_lines_rather_than_megabytes() -> None:
    body = "|" * 40 + "\n" + "|-" * 39 + "|\n" + "|a\n" * 10_000
    assert "<table>" not in html(body)
    assert "<table>" in html(body[:500])
    body = "* [a](https://a.example/)\n" * 1_200
    assert len(html(body)) <= MAX_HTML_CHARS
    assert len(html("`*" * 16_000)) <= MAX_HTML_CHARS


# Mentions


def test_names_become_ids_and_names_again() -> None:
    body = "@ana ruiz, @Ana and @Ben O'Dowd's idea; @Max Kerr#12, not @Max Kerr."
    stored = text.resolve(body, PEOPLE)
    assert stored == "@{7}, @{8} and @{9}'s idea; @{12}, not @Max Kerr."
    assert text.mentioned(stored) == (7, 8, 9, 12)
    assert text.render(stored).mentions == (7, 8, 9, 12)
    names = {7: "Ana Ruiz", 8: "Ana", 9: "Ben O'Dowd", 12: "Max Kerr"}
    assert text.unresolve(stored, names) == body.replace("@ana ruiz", "@Ana Ruiz").replace("Kerr#12", "Kerr")
    assert text.unresolve("@{11} @{12} @{13}", {11: "Max Kerr", 12: "max kerr"}) == "@Max Kerr#11 @max kerr#12 @{13}"


@pytest.mark.parametrize(
    "body", ["ana@Ana.example", "@Anatole", "@Ana-Lucia", "\\@Ana", "`@Ana`", "```\n@Ana\n```", "@@Ana", "@ Ana", "@"]
)
def test_what_is_no_mention(body: str) -> None:
    assert text.resolve(body, {"Ana": [8]}) == body


def test_nobody_learns_a_name_by_typing_an_id() -> None:
    for body in ("Who is @{7}?", "`@{7}`", "```\n@{7}\n```", "[@{7}](http://a.example)", "![@{7}](http://a.example)"):
        stored = text.resolve(body, {})
        rendered = text.render(stored)
        assert rendered.mentions == ()
        assert "data-mention" not in rendered.html
        assert "@{7}" in rendered.html
        assert text.unresolve(stored, {7: "Ana Ruiz"}) == body


def test_at_most_twenty_people_are_mentioned() -> None:
    people = {f"Person {number}": [number] for number in range(1, 31)}
    stored = text.resolve(" ".join(f"@Person {number}" for number in range(1, 31)) + " @Person 1", people)
    assert text.mentioned(stored) == tuple(range(1, 21))
    assert stored.endswith("@Person 30 @{1}")
    assert len(text.render(" ".join(f"@{{{number}}}" for number in range(1, 31))).mentions) == 20


# Quotes


def test_a_quote_is_a_place_and_its_answer_stands_outside() -> None:
    rendered = text.render("> [#77]\nI agree.\n\n> [#4]\n\n- > [#5]")
    assert rendered.quotes == (77, 4)
    assert '<blockquote data-quote="77"></blockquote>\n<p>I agree.</p>' in rendered.html
    assert "[#5]" in rendered.html


def test_at_most_ten_posts_are_quoted() -> None:
    rendered = text.render("\n\n".join(f"> [#{number}]" for number in range(1, 15)))
    assert rendered.quotes == tuple(range(1, 11))
    assert "[#14]" in rendered.html


def test_a_message_quotes_nothing() -> None:
    rendered = text.render("> [#77]", quoting=False)
    assert (rendered.quotes, "[#77]" in rendered.html) == ((), True)


# Put in when a page is made


def test_expand_puts_names_and_quotes_in() -> None:
    stored = html("@{7} and @{8} and [by @{7}](http://a.example)\n\n> [#77]\n\n> [#78]")
    shown = text.expand(
        stored, {"7": "Ana <Ruiz>", "8": None}, {"77": {"author": "Ben & co", "html": "<p>A &lt;b&gt; &amp; c</p>"}}
    )
    assert '<a class="mention" href="/members/7" data-name="7">@Ana &lt;Ruiz&gt;</a>' in shown
    assert '<a class="mention" href="/members/8" data-name="8">@A former member</a>' in shown
    assert 'by <span class="mention" data-name="7">@Ana &lt;Ruiz&gt;</span></a>' in shown
    cite = '<cite><a href="/posts/77">Ben &amp; co</a></cite>'
    assert f'<blockquote class="quote" data-ref="post-77">{cite}<span>A &lt;b&gt; &amp; c</span></blockquote>' in shown
    assert '<blockquote class="quote" data-ref="post-78">The quoted post has been removed.</blockquote>' in shown
    gone = text.expand(html("> [#78]"), None, {"78": {"withdrawn": True}})
    assert gone == '<blockquote class="quote" data-ref="post-78">The quoted post has been withdrawn.</blockquote>'
    assert text.expand("<p>plain</p>", None, None) == "<p>plain</p>"


def test_expand_takes_the_form_of_the_contract() -> None:
    assert "@Ana" in text.expand('<a class="mention" data-mention="7"></a>', {"7": "Ana"}, None)


def test_excerpt_is_plain_and_cut_at_a_word() -> None:
    stored = html("# Desk\nthree *desks* for @{7} &amp; `<b>`\n\n> [#77]\n\n- one\n- two")
    assert text.excerpt(stored, 100, {"7": "Ana"}) == "Desk three desks for @Ana & <b> one two"
    assert text.excerpt(stored, 20) == "Desk three desks…"
    assert text.excerpt("<p>" + "x" * 50 + "</p>", 10) == "x" * 9 + "…"
    assert text.excerpt(html(("[a](http://b.example/" + "c" * 1_500 + ") ") * 40), 30).startswith("a a a")


# Nobody gets anything through


WORDS = st.sampled_from(
    [
        *(
            "@{7}",
            "@\\{7}",
            "> [#77]",
            "> ",
            "- ",
            "1. ",
            "\n",
            "\n\n",
            "`",
            "```\n",
            "    ",
            "|",
            "|-|\n",
            "---\n",
            "\t",
        ),
        *(
            "[",
            "](",
            ")",
            "![",
            "javascript:alert(1)",
            "http://a.b/",
            "www.a.b",
            "data:text/html,x",
            "mailto:a@b",
            "[a]",
        ),
        *(
            "<",
            ">",
            "<a href=",
            '<a class="mention" data-mention="7">',
            '<blockquote data-quote="77">',
            "</blockquote>",
        ),
        *("&lt;", "&#106;avascript:", '"', "'", "**", "_", "~~", "\\", "#", "=", "[a]: javascript:x\n", "\u202e", "é"),
        *(" onclick=x ", "<img src=x onerror=x>", "<!--", "👩‍💻"),
    ]
)
BODIES = st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=40).map("".join))


TAG_WITH_MENTION = re.compile(r'<[^<>]*data-mention="(\d+)"')
TAG_WITH_QUOTE = re.compile(r'<[^<>]*data-quote="(\d+)"')


@given(BODIES)
@settings(max_examples=400, deadline=None)
def test_what_is_rendered_is_clean(body: str) -> None:
    rendered = text.render(body)
    assert clean(rendered.html) == rendered.html
    lowered = rendered.html.lower()
    assert 'href="javascript:' not in lowered
    assert 'href="data:' not in lowered
    for tag in ("<script", "<img", "<iframe", "<!--", "<style"):
        assert tag not in lowered
    assert set(map(int, TAG_WITH_QUOTE.findall(rendered.html))) == set(rendered.quotes)
    assert set(map(int, TAG_WITH_MENTION.findall(rendered.html))) == set(rendered.mentions)
    text.excerpt(rendered.html, 80)
    text.expand(rendered.html, {}, {})


@given(BODIES)
@settings(max_examples=300, deadline=None)
def test_no_placeholder_without_a_resolved_name(body: str) -> None:
    rendered = text.render(text.resolve(body, {}))
    assert rendered.mentions == ()
    assert not TAG_WITH_MENTION.search(rendered.html)


@given(BODIES)
@settings(max_examples=300, deadline=None)
def test_intake_raises_nothing_but_invalid(body: str) -> None:
    for take in (text.check, lambda words: text.name(words, 40), lambda words: text.line(words, 200)):
        try:
            taken = take(body)
        except Invalid:
            continue
        taken.encode()
        assert take(taken) == taken


@given(BODIES)
@settings(max_examples=200, deadline=None)
def test_editing_gives_back_what_was_written(body: str) -> None:
    body = body.replace("\\", "")
    names = {7: "Ana Ruiz", 8: "Ana"}
    assert text.unresolve(text.resolve(body, {"Ana Ruiz": [7], "Ana": [8]}), names) == body


# Nothing takes long

N = 32_768
MANY = 20
PATHOLOGICAL = {
    "nested quotes": ">" * N,
    "nested quotes, spaced": "> " * (N // 2),
    "nested lists": "- " * (N // 2),
    "staircase": "".join("  " * level + "- x\n" for level in range(180)),
    "open brackets": "[" * N,
    "open images": "![" * (N // 2),
    "links in links": "[a](" * (N // 4),
    "empty links": "[]()" * (N // 4),
    "emphasis, unclosed": "*a _b " * (N // 6),
    "emphasis, alternating": "*a**b" * (N // 5),
    "backtick runs": "".join("x" + "`" * length for length in range(1, 250)),
    "tildes": "~~a" * (N // 3),
    "entities": "&amp" * (N // 4),
    "definitions": "[a]: b\n" * (N // 7),
    "definition titles": '[a]: b "\n' * (N // 9),
    "wide table": "|" * (N // 3) + "\n" + "|-" * (N // 6) + "|\n" + "|a" * 100,
    "long table": "|a|b|\n|-|-|\n" + "|\n" * (N // 2 - 10),
    "addresses": "http://a.b/((((" * (N // 15),
    "mentions": "@{1}" * (N // 4),
    "ats": "@Ana " * (N // 5),
    "angle brackets": "<a " * (N // 3),
    "backslashes": "\\" * N,
    "setext": "a\n" * (N // 2) + "---",
}


PARAGRAPH = "Some *ordinary* words, [a link](https://a.example) and `code`, as people write. @Ben\n\n> Quoted\n\n"
ORDINARY = PARAGRAPH * (N // len(PARAGRAPH) + 1)


@pytest.mark.long
@pytest.mark.parametrize("case", PATHOLOGICAL)
@pytest.mark.parametrize("length", [1_023, N])
def test_hostile_text_is_soon_done(case: str, length: int) -> None:
    """It costs no more than some ordinary texts of its length, which were written at the same time. Whatever else the
    machine does holds up both; so an unlucky pair has two more chances.
    """
    hostile, ordinary = PATHOLOGICAL[case][:length], ORDINARY[:length]
    assert any(seconds(hostile) < MANY * seconds(ordinary) for _ in range(3))


def seconds(body: str) -> float:
    """Of the processor, for this thread alone."""
    began = time.thread_time()
    text.excerpt(text.render(text.resolve(body, {"Ana Maria": [7], "Ben": [8]})).html, 200)
    return time.thread_time() - began
