"""How a log says what was done: its lines keep acts by short names ("move_here", "lift mute")."""

from typing import Final

_VERBS: Final = {
    "appeal": "Appealed", "approve": "Approved", "create": "Made", "decline": "Declined",
    "describe": "Described", "end": "Ended the", "hold": "Held", "invite": "Made", "leave": "Left",
    "lift": "Lifted the", "lock": "Locked", "make": "Made", "mute": "Muted", "overturn": "Overturned the",
    "pass": "Passed", "pin": "Pinned", "purge": "Deleted for good:", "reinstate": "Let in again",
    "release": "Released", "remind": "Reminded", "remove": "Removed", "restore": "Brought back",
    "retitle": "Retitled", "revoke": "Took back", "slow": "Slow", "suspend": "Suspended", "suspension": "Suspended",
    "take": "Took", "unlock": "Unlocked", "unpin": "Unpinned", "uphold": "Upheld the", "warning": "Warned",
}  # fmt: skip
_WHOLE: Final = {
    "add": "Made an account",
    "hold in": "Took in",
    "lapse": "Hold ended of",
    "leave as it is": "Left as it is:",
    "link": "Made a link to set a password",
    "move away": "Moved away",
    "move here": "Moved here",
    "password": "A password was set by a link",
    "reopen": "Took back the decision about",
    "settle removals of": "Settled how removals are made",
    "split": "Split off",
    "widen": "Widened who reads",
}
_NAMED: Final = {
    "title": "title", "invitation": "invitation", "submission": "submission", "name": "name", "about": "about text",
}  # fmt: skip


def done(act: str, noun: str) -> str:
    """What somebody did: "Made lead", "Removed the title"; for a post, message or thread the noun is to follow."""
    said = act.replace("_", " ")
    if said in _WHOLE:
        return _WHOLE[said]
    verb, _, rest = said.partition(" ")
    if rest.startswith("first "):
        return f"Set how many first posts are read: {rest.removeprefix('first ')}"
    words = [_VERBS[verb], *rest.split()]
    if noun in _NAMED or (noun == "network" and not rest):
        words += ["the", _NAMED.get(noun, noun)]
    return " ".join(words)
