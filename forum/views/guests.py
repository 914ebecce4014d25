"""What a guest is shown otherwise: who wrote it is a name, and no link to a profile, which guests cannot see.

Fragments are the same bytes for every viewer; so whatever leaves for a guest, a page or a live frame, passes here.
"""

import re
from typing import Final

_PROFILE: Final = re.compile(r'<a( class="mention")? href="/members/[0-9]+" (data-name="[0-9]+")>([^<]*)</a>')
"""As templates/parts.html and forum.text.expansion write it: what a member wrote as a link looks otherwise."""


def without_profiles(html: str) -> str:
    """The same, with names in the place of links to profiles."""
    return _PROFILE.sub(r"<span\1 \2>\3</span>", html)
