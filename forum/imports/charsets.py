"""Charsets: bytes of a mail to text, whatever it says that they are.

Invariants: never raises, never loses a character that can be told, never returns half of a surrogate pair.
"""

import codecs

# What mails call a charset, and the one that they mean: mostly a larger one that has the same characters and more.
_MEANT = {
    "ascii": "utf-8", "us-ascii": "utf-8", "7bit": "utf-8", "8bit": "utf-8", "binary": "utf-8", "utf8": "utf-8",
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8", "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "shift_jis": "cp932",
    "shift-jis": "cp932", "x-sjis": "cp932", "sjis": "cp932", "ks_c_5601-1987": "cp949", "euc-kr": "cp949",
    "ksc5601": "cp949", "iso-2022-jp": "iso2022_jp_ext", "big5": "big5hkscs", "x-unknown": "utf-8",
    "unknown-8bit": "utf-8", "unknown": "utf-8", "default": "utf-8", "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman", "iso-8859-9": "cp1254", "iso-8859-11": "cp874",
}  # fmt: skip
# Python's codecs for text that are no charsets of mails, and some of which take quadratic time.
_REFUSED = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})


def decode(data: bytes, charset: str) -> str:
    """The text. Tried in turn: the charset that is said, UTF-8, the one said with gaps, Windows' Latin, Latin-1."""
    said = _codec(charset)
    for codec in dict.fromkeys((said, "utf-8", "cp1252")):
        try:
            return _whole(data.decode(codec))
        except UnicodeError:
            # Asian text of which a few bytes are broken is still better read as what it says it is.
            if codec == said and codec not in ("utf-8", "cp1252") and len(data) > 20:
                text = data.decode(codec, "replace")
                if text.count("\ufffd") * 20 < len(text):
                    return _whole(text)
    return data.decode("latin-1")


def _codec(charset: str) -> str:
    named = charset.strip(" \t\"';").lower()
    named = _MEANT.get(named, named)
    try:
        info = codecs.lookup(named)
    except (LookupError, ValueError):
        return "utf-8"
    # `_is_text_encoding` is what bytes.decode itself looks at; base64 and zlib are codecs too.
    if info.name.replace("-", "_") in _REFUSED or not getattr(info, "_is_text_encoding", True):
        return "utf-8"
    return info.name


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
