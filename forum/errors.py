"""Domain errors: a few, each mapped to an answer in one place (`forum.web.errors`).

`detail` is a sentence for the member: what happened, what is safe, what to do. It never tells of a thing that the
caller may not see.
"""

from collections.abc import Mapping

NOT_FOUND = "There is nothing here for you. It may have moved, or it belongs to a network that you are not in."


class ForumError(Exception):
    """Any error that has a sentence for the person who caused it."""

    status = 500
    title = "Something broke on our side"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def for_program(self) -> str:
        """The sentence in an answer to a program, which has no page and no buttons."""
        return self.detail


class NotFound(ForumError):
    """It does not exist, or the caller may not see it: the same answer, to the byte."""

    status = 404
    title = "Not found"

    def __init__(self) -> None:
        super().__init__(NOT_FOUND)


class Unauthenticated(ForumError):
    """Nobody is signed in, and this needs somebody."""

    status = 401
    title = "Sign in first"

    def __init__(self, detail: str = "Sign in to go on.") -> None:
        super().__init__(detail)


class Suspended(Unauthenticated):
    """Nobody is signed in any more: the account was suspended from the site."""

    status = 403
    title = "Suspended"

    def __init__(self) -> None:
        super().__init__("Your account is suspended. Sign in to read until when and why, and how to appeal.")


class Forbidden(ForumError):
    """The caller sees the thing, and may not do this with it."""

    status = 403
    title = "Not allowed"


class NeedsApproval(Forbidden):
    """A newcomer's contribution: it waits as a submission, and is not made by the act that raised this."""

    def __init__(self) -> None:
        super().__init__("A moderator reads the first posts of new members.")


class Invalid(ForumError):
    """What came in cannot be taken. `errors` maps a field's name to its sentence; the text that was written is safe."""

    status = 422
    title = "This cannot be taken as it is"

    def __init__(self, field: str | Mapping[str, str], sentence: str = "") -> None:
        self.errors: dict[str, str] = {field: sentence} if isinstance(field, str) else dict(field)
        super().__init__(" ".join(self.errors.values()))


class Conflict(ForumError):
    """It cannot be done to the thing as it stands now: somebody was quicker, or its state does not allow it."""

    status = 409
    title = "This has changed meanwhile"


class TooMany(ForumError):
    """Past a limit; may be tried again in `retry_after_s` seconds."""

    status = 429
    title = "That was very quick"

    def __init__(self, retry_after_s: int, detail: str | None = None) -> None:
        self.retry_after_s = max(1, retry_after_s)
        seconds = "1 second" if self.retry_after_s == 1 else f"{self.retry_after_s} seconds"
        super().__init__(detail or f"That was very quick. You can send again in {seconds}.")


class Unavailable(ForumError):
    """We cannot serve now (database away, disk full, too busy); nothing was stored."""

    status = 503
    title = "We cannot do this right now"

    def __init__(self, retry_after_s: int = 2) -> None:
        self.retry_after_s = retry_after_s
        super().__init__("Something broke on our side. Your text is safe. Please try again in a minute.")
