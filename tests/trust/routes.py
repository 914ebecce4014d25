"""The table: every route of the site, and what each role is answered there.

    method, path, what is sent (a form below "/", JSON below "/api"), and the status for each of ROLES.

401: sign in first. 403: you see it, but may not do that. 404: for you it does not exist. 409: not in this state. The
names in braces are made by `House`: all of it is ana's, and private unless it is called `open` or `public`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.people import PASSWORD
from tests.trust.house import ROLES

WORDS = {"body": "Some words"}
WHY = {"reason": "Advertising", "note": ""}
THREAD = {"title": "A title", "body": "Some words"}
SIGN_IN = {"email": "{email}", "password": PASSWORD}
NEWCOMER = {"email": "{new_email}", "name": "Somebody new", "password": PASSWORD}
NETWORK = {"name": "New", "slug": "{slug}", "kind": "topic"}
SUB_GROUP = {**NETWORK, "parent": "{net}"}
DESCRIBED = {"name": "Named", "visibility": "private", "posting": "member", "listed": "on"}
INVITED = {"role": "member", "max_uses": "1", "days": "14"}
INVITED_TO_LEAD = {**INVITED, "role": "lead"}
MADE_OBSERVER = {"act": "role", "role": "observer"}
APPROVED = {"state": "approved"}
MUTED = {"act": "mute", "days": "1", "reason": "Rude"}
SUSPENDED = {**MUTED, "act": "suspension"}
WARNED = {**MUTED, "act": "warning"}
TITLE_REMOVED = {"act": "remove_title", "reason": "Advertising"}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    method: str
    path: str
    sent: Mapping[str, Any] | None
    answers: tuple[int, ...]

    @property
    def act(self) -> str:
        """What a form names as its act, where it names one."""
        return str((self.sent or {}).get("act", ""))

    @property
    def about_public(self) -> bool:
        """Whether guests may know that it exists."""
        return "{public}" in self.path or "{open_" in self.path

    @property
    def in_api(self) -> bool:
        return self.path.startswith("/api/")


def _row(method: str, path: str, sent: Mapping[str, Any] | None, answers: str) -> Row:
    numbers = tuple(int(each) for each in answers.split())
    if len(numbers) == 1:
        numbers *= len(ROLES)
    assert len(numbers) == len(ROLES), path
    return Row(method, path, sent, numbers)


# fmt: off
_LINES = (
    # guest eve obs ben ana mod max lead admin
    # Pages, read
    ("GET", "/healthz", None, "200"),
    ("GET", "/readyz", None, "200"),
    ("GET", "/metrics", None, "200"),
    ("GET", "/api/openapi.json", None, "200"),
    ("GET", "/static/{file}", None, "200"),
    ("GET", "/", None, "200"),
    ("GET", "/sign-in", None, "200 303 303 303 303 303 303 303 303"),
    ("GET", "/sign-out", None, "303 200 200 200 200 200 200 200 200"),
    ("GET", "/settings", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/notifications", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/rooms", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/rail", None, "200"),
    ("GET", "/unread?threads={thread}", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/search?q=words", None, "200"),
    ("GET", "/search?q=words&network={net}", None, "404 403 200 200 200 200 403 200 403"),
    ("GET", "/people?network={net_id}&q=a", None, "401 403 200 200 200 200 403 200 403"),
    ("GET", "/members/{ana}", None, "404 200 200 200 200 200 200 200 200"),
    ("GET", "/members/{stranger}", None, "404 200 200 200 200 200 200 200 200"),
    ("GET", "/invitations/{token}", None, "200"),
    ("GET", "/links/{link}", None, "200"),
    ("GET", "/networks/{hidden}", None, "404 404 200 200 200 200 404 200 200"),
    ("GET", "/api/v1/networks/{hidden}", None, "404 404 200 200 200 200 404 200 200"),
    ("GET", "/networks", None, "200"),
    ("GET", "/networks/new", None, "401 403 403 403 403 403 403 403 200"),
    ("GET", "/networks/new?parent={net}", None, "401 404 403 403 403 403 404 200 200"),
    ("GET", "/networks/{net}", None, "404 200 200 200 200 200 200 200 200"),
    ("GET", "/networks/{net}/about", None, "404 200 200 200 200 200 200 200 200"),
    ("GET", "/networks/{net}/room", None, "404 403 200 200 200 200 403 200 403"),
    ("GET", "/networks/{net}/messages", None, "404 403 200 200 200 200 403 200 403"),
    ("GET", "/networks/{net}/people", None, "404 403 200 200 200 200 403 200 403"),
    ("GET", "/networks/{net}/log", None, "404 403 403 403 403 200 403 200 403"),
    ("GET", "/networks/{net}/log.csv", None, "404 403 403 403 403 200 403 200 403"),
    ("GET", "/networks/{net}/summary", None, "404 403 200 200 200 200 403 200 403"),
    ("GET", "/settings/moderation", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/networks/{net}/submissions", None, "404 403 403 403 403 200 403 200 403"),
    ("GET", "/networks/{net}/pace", None, "404 403 403 403 403 200 403 200 200"),
    ("GET", "/networks/{public}/submissions", None, "401 403 403 403 403 200 403 200 403"),
    ("GET", "/networks/{public}/pace", None, "401 403 403 403 403 200 403 200 200"),
    ("GET", "/submissions/{submission}", None, "404 404 404 404 200 200 404 200 404"),
    ("GET", "/networks/{net}/settings", None, "404 404 403 403 403 403 404 200 200"),
    ("GET", "/networks/{net}/leave", None, "404 409 200 200 200 200 409 200 409"),
    ("GET", "/networks/{net}/invitations", None, "404 403 403 403 403 200 403 200 200"),
    ("GET", "/networks/{net}/requests", None, "404 403 403 403 403 200 403 200 200"),
    ("GET", "/networks/{net}/threads/new", None, "404 403 403 200 200 200 403 200 403"),
    ("GET", "/networks/{net}/threads/similar?title=words", None, "404 403 403 200 200 200 403 200 403"),
    ("GET", "/networks/{public}", None, "200"),
    ("GET", "/networks/{public}/about", None, "200"),
    ("GET", "/networks/{public}/room", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/networks/{public}/messages", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/networks/{public}/people", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/networks/{public}/log", None, "401 403 403 403 403 200 403 200 403"),
    ("GET", "/networks/{public}/log.csv", None, "401 403 403 403 403 200 403 200 403"),
    ("GET", "/networks/{public}/summary", None, "200"),
    ("GET", "/networks/{public}/settings", None, "401 403 403 403 403 403 403 200 200"),
    ("GET", "/networks/{public}/invitations", None, "401 403 403 403 403 200 403 200 200"),
    ("GET", "/networks/{public}/requests", None, "401 403 403 403 403 200 403 200 200"),
    ("GET", "/networks/{public}/threads/new", None, "401 403 403 200 200 200 403 200 403"),
    ("GET", "/networks/{public}/threads/similar?title=words", None, "401 403 403 200 200 200 403 200 403"),
    ("GET", "/threads/{thread}?order=time", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/threads/{thread}/edit", None, "404 404 403 403 200 200 404 200 404"),
    ("GET", "/threads/{thread}/reply", None, "401 404 200 200 200 200 404 200 404"),
    ("GET", "/threads/{joint}?order=time", None, "404 404 200 200 200 200 200 200 404"),
    ("GET", "/threads/{joint}/edit", None, "404 404 403 403 200 200 200 200 404"),
    ("GET", "/threads/{joint}/reply", None, "401 404 200 200 200 200 200 200 404"),
    ("GET", "/threads/{open_thread}?order=time", None, "200"),
    ("GET", "/threads/{open_thread}/edit", None, "401 403 403 403 200 200 403 200 403"),
    ("GET", "/threads/{thread}/split", None, "404 404 403 403 403 200 404 200 404"),
    ("GET", "/threads/{joint}/split", None, "404 404 403 403 403 200 403 200 404"),
    ("GET", "/threads/{open_thread}/split", None, "401 403 403 403 403 200 403 200 403"),
    ("GET", "/threads/{open_thread}/reply", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/posts/{post}", None, "404 404 303 303 303 303 404 303 404"),
    ("GET", "/posts/{post}/acts", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/posts/{post}/history", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/posts/{open_post}", None, "303"),
    ("GET", "/posts/{open_post}/acts", None, "200"),
    ("GET", "/posts/{open_post}/history", None, "200"),
    ("GET", "/posts/{joint_post}", None, "404 404 303 303 303 303 303 303 404"),
    ("GET", "/posts/{joint_post}/acts", None, "404 404 200 200 200 200 200 200 404"),
    ("GET", "/posts/{joint_post}/history", None, "404 404 200 200 200 200 200 200 404"),
    ("GET", "/posts/{removed}", None, "404 404 303 303 303 303 404 303 404"),
    ("GET", "/posts/{removed}/acts", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/posts/{removed}/history", None, "404 404 404 404 404 200 404 200 404"),
    ("GET", "/posts/{withdrawn}", None, "404 404 303 303 303 303 404 303 404"),
    ("GET", "/posts/{withdrawn}/acts", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/posts/{withdrawn}/history", None, "404 404 404 404 200 404 404 404 404"),
    ("GET", "/posts/{held}", None, "404 404 303 303 303 303 303 303 404"),
    ("GET", "/posts/{held}/acts", None, "404 404 200 200 200 200 200 200 404"),
    ("GET", "/posts/{held}/history", None, "404 404 404 404 404 200 404 200 404"),
    ("GET", "/posts/{post}/edit", None, "404 404 403 403 200 403 404 403 404"),
    ("GET", "/posts/{post}/withdraw", None, "404 404 403 403 200 403 404 403 404"),
    ("GET", "/posts/{post}/remove", None, "404 404 403 403 403 200 404 200 404"),
    ("GET", "/posts/{joint_post}/remove", None, "404 404 403 403 403 200 200 200 404"),
    ("GET", "/messages/{message}", None, "404 404 303 303 303 303 404 303 404"),
    ("GET", "/messages/{message}/acts", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/messages/{message}/history", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/messages/{open_message}", None, "404 303 303 303 303 303 303 303 303"),
    ("GET", "/messages/{open_message}/acts", None, "404 200 200 200 200 200 200 200 200"),
    ("GET", "/messages/{open_message}/history", None, "404 200 200 200 200 200 200 200 200"),
    ("GET", "/messages/{removed_message}", None, "404 404 303 303 303 303 404 303 404"),
    ("GET", "/messages/{removed_message}/acts", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/messages/{removed_message}/history", None, "404 404 404 404 404 200 404 200 404"),
    ("GET", "/messages/{withdrawn_message}", None, "404 404 303 303 303 303 404 303 404"),
    ("GET", "/messages/{withdrawn_message}/acts", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/messages/{withdrawn_message}/history", None, "404 404 404 404 200 404 404 404 404"),
    ("GET", "/messages/{message}/edit", None, "404 404 403 403 200 403 404 403 404"),
    ("GET", "/messages/{message}/withdraw", None, "404 404 403 403 200 403 404 403 404"),
    ("GET", "/messages/{message}/remove", None, "404 404 403 403 403 200 404 200 404"),
    # Pages, acts
    ("POST", "/sign-in", SIGN_IN, "303"),
    ("POST", "/sign-out", {}, "303"),
    ("POST", "/invitations/{token}", NEWCOMER, "303"),
    ("POST", "/links/{link}", {"password": "a few quiet words"}, "303"),
    ("POST", "/settings", {"part": "preferences", "theme": "auto"}, "401 303 303 303 303 303 303 303 303"),
    ("POST", "/notifications/read", {}, "401 303 303 303 303 303 303 303 303"),
    ("POST", "/preview", {"body": "Words", "network": "{net_id}"}, "401 403 200 200 200 200 403 200 403"),
    ("POST", "/networks", NETWORK, "401 403 403 403 403 403 403 403 303"),
    ("POST", "/networks", SUB_GROUP, "401 404 403 403 403 403 404 303 303"),
    ("POST", "/networks/{net}/settings", DESCRIBED, "401 404 403 403 403 403 404 303 303"),
    ("POST", "/networks/{net}/join", {"body": "Let me in"}, "401 303 403 403 403 403 303 403 303"),
    ("POST", "/networks/{public}/join", {}, "401 303 303 303 303 303 303 303 303"),
    ("POST", "/networks/{net}/leave", {}, "401 404 303 303 303 303 404 409 404"),
    ("POST", "/networks/{net}/invitations", INVITED, "401 403 403 403 403 200 403 200 200"),
    ("POST", "/networks/{net}/invitations", INVITED_TO_LEAD, "401 403 403 403 403 403 403 200 200"),
    ("POST", "/networks/{net}/invitations", {"revoke": "{invitation}"}, "401 403 403 403 403 303 403 303 303"),
    ("POST", "/networks/{net}/requests/{request}", APPROVED, "401 403 403 403 403 303 403 303 303"),
    ("POST", "/networks/{net}/people/{person}", MADE_OBSERVER, "401 404 403 403 403 403 404 303 303"),
    ("POST", "/networks/{net}/people/{person}", {"act": "remove"}, "401 404 403 403 403 403 404 303 303"),
    ("POST", "/networks/{net}/people/{person}", WARNED, "401 403 403 403 403 303 403 303 403"),
    ("POST", "/networks/{net}/people/{person}", MUTED, "401 403 403 403 403 303 403 303 403"),
    ("POST", "/networks/{net}/people/{person}", SUSPENDED, "401 403 403 403 403 303 403 303 403"),
    ("POST", "/networks/{net}/people/{person}", {"act": "lift_mute"}, "401 403 403 403 403 303 403 303 403"),
    ("POST", "/networks/{net}/pace", {"act": "slow", "slow_s": "0"}, "401 403 403 403 403 303 403 303 403"),
    ("POST", "/networks/{net}/pace", {"act": "newcomers"}, "401 404 403 403 403 403 404 303 303"),
    ("POST", "/submissions/{submission}", APPROVED, "401 404 404 404 403 303 404 303 404"),
    ("POST", "/submissions/{submission}", {"state": "declined", **WHY}, "401 404 404 404 403 303 404 303 404"),
    ("POST", "/submissions/{submission}", {"state": "withdrawn"}, "401 404 404 404 303 404 404 404 404"),
    ("POST", "/members/{stranger}/block", {}, "401 303 303 303 303 303 303 303 303"),
    ("POST", "/members/{stranger}/unblock", {}, "401 303 303 303 303 303 303 303 303"),
    ("POST", "/members/{stranger}/suspend", WHY, "401 403 403 403 403 403 403 403 303"),
    ("POST", "/members/{suspended}/reinstate", {}, "401 403 403 403 403 403 403 403 303"),
    ("POST", "/networks/{net}/threads", THREAD, "401 403 403 303 303 303 403 303 403"),
    ("POST", "/networks/{public}/threads", THREAD, "401 403 403 303 303 303 403 303 403"),
    ("POST", "/networks/{net}/messages", WORDS, "401 403 403 303 303 303 403 303 403"),
    ("POST", "/networks/{public}/messages", WORDS, "401 403 403 303 303 303 403 303 403"),
    ("POST", "/networks/{net}/read", {"number": "1"}, "401 403 204 204 204 204 403 204 403"),
    ("POST", "/threads/{thread}/posts", WORDS, "401 404 403 303 303 303 404 303 404"),
    ("POST", "/threads/{thread}/edit", {"act": "title", "title": "Other"}, "401 404 403 403 303 303 404 303 404"),
    ("POST", "/threads/{thread}/edit", {"act": "lock"}, "401 404 403 403 403 303 404 303 404"),
    ("POST", "/threads/{joint}/posts", WORDS, "401 404 403 303 303 303 303 303 404"),
    ("POST", "/threads/{joint}/edit", {"act": "title", "title": "Other"}, "401 404 403 403 303 303 403 303 404"),
    ("POST", "/threads/{joint}/edit", {"act": "lock"}, "401 404 403 403 403 303 303 303 404"),
    ("POST", "/threads/{open_thread}/posts", WORDS, "401 403 403 303 303 303 403 303 403"),
    ("POST", "/threads/{open_thread}/edit", {"act": "title", "title": "Other"}, "401 403 403 403 303 303 403 303 403"),
    ("POST", "/threads/{open_thread}/edit", {"act": "lock"}, "401 403 403 403 403 303 403 303 403"),
    ("POST", "/threads/{forked}/split", {"title": "A title", "post": "{post}"}, "401 404 403 403 403 303 404 303 404"),
    ("POST", "/threads/{joint_forked}/split", {"title": "A title", "post": "{joint_post}"}, "401 404 403 403 403 303 403 303 404"),
    ("POST", "/threads/{open_forked}/split", {"title": "A title", "post": "{open_post}"}, "401 403 403 403 403 303 403 303 403"),
    ("POST", "/threads/{joint}/edit", {"act": "pin", "network": "{other}"}, "401 404 403 403 403 403 303 303 404"),
    ("POST", "/threads/{joint}/edit", {"act": "leave", "network": "{other}"}, "401 404 403 403 403 403 303 303 404"),
    ("POST", "/threads/{joint}/edit", TITLE_REMOVED, "401 404 403 403 403 303 403 303 404"),
    ("POST", "/threads/{joint}/edit", {"act": "widen", "audience": "open"}, "401 404 403 403 403 303 403 303 404"),
    ("POST", "/threads/{thread}/edit", {"act": "hold_in", "network": "{other}"}, "401 404 403 403 403 403 404 303 404"),
    ("POST", "/threads/{thread}/edit", {"act": "move", "network": "{other}"}, "401 404 403 403 403 403 404 303 404"),
    ("POST", "/threads/{asked}/edit", {"act": "agree"}, "401 404 403 403 403 403 303 303 404"),
    ("POST", "/threads/{asked}/edit", {"act": "decline"}, "401 404 403 403 403 303 303 303 404"),
    ("POST", "/threads/{thread}/watch", {"watch": "on"}, "401 404 303 303 303 303 404 303 404"),
    ("POST", "/threads/{thread}/read", {"numbers": "1"}, "401 404 204 204 204 204 404 204 404"),
    ("POST", "/posts/{post}/edit", WORDS, "401 404 403 403 303 403 404 403 404"),
    ("POST", "/posts/{post}/withdraw", {}, "401 404 403 403 303 403 404 403 404"),
    ("POST", "/posts/{post}/remove", WHY, "401 404 403 403 403 303 404 303 404"),
    ("POST", "/posts/{open_post}/edit", WORDS, "401 403 403 403 303 403 403 403 403"),
    ("POST", "/posts/{open_post}/withdraw", {}, "401 403 403 403 303 403 403 403 403"),
    ("POST", "/posts/{open_post}/remove", WHY, "401 403 403 403 403 303 403 303 403"),
    ("POST", "/posts/{joint_post}/edit", WORDS, "401 404 403 403 303 403 403 403 404"),
    ("POST", "/posts/{joint_post}/withdraw", {}, "401 404 403 403 303 403 403 403 404"),
    ("POST", "/posts/{joint_post}/remove", WHY, "401 404 403 403 403 303 403 303 404"),
    ("POST", "/posts/{withdrawn}/undo", {}, "401 404 403 403 303 403 404 403 404"),
    ("POST", "/posts/{removed}/restore", {}, "401 404 403 403 403 303 404 303 404"),
    ("POST", "/posts/{held}/restore", {}, "401 404 403 403 403 303 403 303 404"),
    ("POST", "/posts/{joint_post}/hold", WHY, "401 404 403 403 403 409 303 409 404"),
    ("POST", "/posts/{held}/release", {}, "404 404 403 403 403 303 303 303 404"),
    ("POST", "/posts/{held}/remove", WHY, "401 404 403 403 403 303 403 303 404"),
    ("POST", "/messages/{message}/edit", WORDS, "401 404 403 403 303 403 404 403 404"),
    ("POST", "/messages/{message}/withdraw", {}, "401 404 403 403 303 403 404 403 404"),
    ("POST", "/messages/{message}/remove", WHY, "401 404 403 403 403 303 404 303 404"),
    ("POST", "/messages/{open_message}/remove", WHY, "401 403 403 403 403 303 403 303 403"),
    ("POST", "/messages/{withdrawn_message}/undo", {}, "401 404 403 403 303 403 404 403 404"),
    ("POST", "/messages/{removed_message}/restore", {}, "401 404 403 403 403 303 404 303 404"),
    # The API, about oneself
    ("POST", "/api/v1/session", SIGN_IN, "201"),
    ("DELETE", "/api/v1/session", None, "401 204 204 204 204 204 204 204 204"),
    ("GET", "/api/v1/me", None, "401 200 200 200 200 200 200 200 200"),
    ("PATCH", "/api/v1/me", {"theme": "auto"}, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/api/v1/me/sessions", None, "401 200 200 200 200 200 200 200 200"),
    ("DELETE", "/api/v1/me/sessions/{session}", None, "401 204 204 204 204 204 204 204 204"),
    ("GET", "/api/v1/me/notifications", None, "401 200 200 200 200 200 200 200 200"),
    ("PUT", "/api/v1/me/notifications/read", {}, "401 204 204 204 204 204 204 204 204"),
    ("GET", "/api/v1/me/moderation", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/api/v1/me/blocks", None, "401 200 200 200 200 200 200 200 200"),
    ("PUT", "/api/v1/me/blocks/{stranger}", None, "401 204 204 204 204 204 204 204 204"),
    ("DELETE", "/api/v1/me/blocks/{stranger}", None, "401 204 204 204 204 204 204 204 204"),
    ("PUT", "/api/v1/members/{stranger}/suspension", WHY, "401 403 403 403 403 403 403 403 204"),
    ("DELETE", "/api/v1/members/{suspended}/suspension", None, "401 403 403 403 403 403 403 403 204"),
    ("GET", "/api/v1/members/{ana}", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/api/v1/members/{stranger}", None, "401 200 200 200 200 200 200 200 200"),
    # The API, networks
    ("GET", "/api/v1/networks", None, "200"),
    ("POST", "/api/v1/networks", NETWORK, "401 403 403 403 403 403 403 403 201"),
    ("POST", "/api/v1/networks", SUB_GROUP, "401 404 403 403 403 403 404 201 201"),
    ("GET", "/api/v1/networks/{net}", None, "404 200 200 200 200 200 200 200 200"),
    ("GET", "/api/v1/networks/{net}/members", None, "401 403 200 200 200 200 403 200 403"),
    ("GET", "/api/v1/networks/{net}/requests", None, "401 403 403 403 403 200 403 200 200"),
    ("GET", "/api/v1/networks/{net}/invitations", None, "401 403 403 403 403 200 403 200 200"),
    ("GET", "/api/v1/networks/{net}/log", None, "401 403 403 403 403 200 403 200 403"),
    ("GET", "/api/v1/networks/{net}/sanctions", None, "401 403 403 403 403 200 403 200 403"),
    ("PUT", "/api/v1/networks/{net}/members/{person}/sanctions/mute", WHY, "401 403 403 403 403 200 403 200 403"),
    ("DELETE", "/api/v1/networks/{net}/members/{person}/sanctions/mute", None, "401 403 403 403 403 204 403 204 403"),
    ("GET", "/api/v1/networks/{net}/submissions", None, "401 403 403 403 403 200 403 200 403"),
    ("GET", "/api/v1/submissions/{submission}", None, "401 404 404 404 200 200 404 200 404"),
    ("PATCH", "/api/v1/submissions/{submission}", {"decision": "approve"}, "401 404 404 404 403 200 404 200 404"),
    ("DELETE", "/api/v1/submissions/{submission}", None, "401 404 404 404 200 404 404 404 404"),
    ("PUT", "/api/v1/networks/{net}/slow", {"seconds": 0}, "401 403 403 403 403 204 403 204 403"),
    ("PUT", "/api/v1/networks/{net}/newcomers", {"approves_first": 0}, "401 404 403 403 403 403 404 204 204"),
    ("GET", "/api/v1/networks/{net}/threads", None, "404 403 200 200 200 200 403 200 403"),
    ("GET", "/api/v1/networks/{net}/messages", None, "404 403 200 200 200 200 403 200 403"),
    ("GET", "/api/v1/networks/{public}", None, "200"),
    ("GET", "/api/v1/networks/{public}/members", None, "401 200 200 200 200 200 200 200 200"),
    ("GET", "/api/v1/networks/{public}/requests", None, "401 403 403 403 403 200 403 200 200"),
    ("GET", "/api/v1/networks/{public}/invitations", None, "401 403 403 403 403 200 403 200 200"),
    ("GET", "/api/v1/networks/{public}/log", None, "401 403 403 403 403 200 403 200 403"),
    ("GET", "/api/v1/networks/{public}/threads", None, "200"),
    ("GET", "/api/v1/networks/{public}/messages", None, "404 200 200 200 200 200 200 200 200"),
    ("PATCH", "/api/v1/networks/{net}", {"purpose": "To help"}, "401 404 403 403 403 403 404 200 200"),
    ("PUT", "/api/v1/networks/{net}/members/{person}", {"role": "observer"}, "401 404 403 403 403 403 404 200 200"),
    ("DELETE", "/api/v1/networks/{net}/members/{person}", None, "401 404 403 403 403 403 404 204 204"),
    ("POST", "/api/v1/networks/{net}/join", {}, "401 202 200 200 200 200 202 200 202"),
    ("POST", "/api/v1/networks/{public}/join", {}, "401 200 200 200 200 200 200 200 200"),
    ("POST", "/api/v1/networks/{net}/leave", None, "401 404 204 204 204 204 404 409 404"),
    ("PATCH", "/api/v1/networks/{net}/requests/{request}", APPROVED, "401 403 403 403 403 200 403 200 200"),
    ("POST", "/api/v1/networks/{net}/invitations", {}, "401 403 403 403 403 201 403 201 201"),
    ("DELETE", "/api/v1/networks/{net}/invitations/{invitation}", None, "401 403 403 403 403 204 403 204 204"),
    ("POST", "/api/v1/networks/{net}/threads", THREAD, "401 403 403 201 201 201 403 201 403"),
    ("POST", "/api/v1/networks/{public}/threads", THREAD, "401 403 403 201 201 201 403 201 403"),
    # The API, threads and posts
    ("GET", "/api/v1/threads/{thread}", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/threads/{thread}/posts", None, "404 404 200 200 200 200 404 200 404"),
    ("PATCH", "/api/v1/threads/{thread}", {"title": "Other"}, "401 404 403 403 200 200 404 200 404"),
    ("PATCH", "/api/v1/threads/{thread}", {"lock": True}, "401 404 403 403 403 200 404 200 404"),
    ("POST", "/api/v1/threads/{thread}/posts", WORDS, "401 404 403 201 201 201 404 201 404"),
    ("GET", "/api/v1/threads/{joint}", None, "404 404 200 200 200 200 200 200 404"),
    ("GET", "/api/v1/threads/{joint}/posts", None, "404 404 200 200 200 200 200 200 404"),
    ("PATCH", "/api/v1/threads/{joint}", {"title": "Other"}, "401 404 403 403 200 200 403 200 404"),
    ("PATCH", "/api/v1/threads/{joint}", {"lock": True}, "401 404 403 403 403 200 200 200 404"),
    ("POST", "/api/v1/threads/{joint}/posts", WORDS, "401 404 403 201 201 201 201 201 404"),
    ("GET", "/api/v1/threads/{open_thread}", None, "200"),
    ("GET", "/api/v1/threads/{open_thread}/posts", None, "200"),
    ("PATCH", "/api/v1/threads/{open_thread}", {"title": "Other"}, "401 403 403 403 200 200 403 200 403"),
    ("PATCH", "/api/v1/threads/{open_thread}", {"lock": True}, "401 403 403 403 403 200 403 200 403"),
    ("POST", "/api/v1/threads/{open_thread}/posts", WORDS, "401 403 403 201 201 201 403 201 403"),
    ("PATCH", "/api/v1/threads/{asked}", {"agreement": "agree"}, "401 404 403 403 403 403 200 200 404"),
    ("PATCH", "/api/v1/threads/{thread}", {"move": "{other}"}, "401 404 403 403 403 403 404 200 404"),
    ("PATCH", "/api/v1/threads/{joint}", {"audience": "open"}, "401 404 403 403 403 202 403 200 404"),
    ("POST", "/api/v1/threads/{forked}/split", {"title": "A title", "posts": ["{post}"]}, "401 404 403 403 403 201 404 201 404"),
    ("POST", "/api/v1/threads/{joint_forked}/split", {"title": "A title", "posts": ["{joint_post}"]}, "401 404 403 403 403 201 403 201 404"),
    ("PUT", "/api/v1/threads/{thread}/read", {}, "401 404 204 204 204 204 404 204 404"),
    ("GET", "/api/v1/posts/{post}", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/posts/{post}/history", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/posts/{joint_post}", None, "404 404 200 200 200 200 200 200 404"),
    ("GET", "/api/v1/posts/{joint_post}/history", None, "404 404 200 200 200 200 200 200 404"),
    ("GET", "/api/v1/posts/{open_post}", None, "200"),
    ("GET", "/api/v1/posts/{open_post}/history", None, "200"),
    ("GET", "/api/v1/posts/{removed}", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/posts/{removed}/history", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/posts/{withdrawn}", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/posts/{withdrawn}/history", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/posts/{held}", None, "404 404 200 200 200 200 200 200 404"),
    ("GET", "/api/v1/posts/{held}/history", None, "404 404 200 200 200 200 200 200 404"),
    ("PATCH", "/api/v1/posts/{post}", WORDS, "401 404 403 403 200 403 404 403 404"),
    ("DELETE", "/api/v1/posts/{post}", None, "401 404 403 403 200 403 404 403 404"),
    ("PUT", "/api/v1/posts/{post}/removal", WHY, "401 404 403 403 403 200 404 200 404"),
    ("PATCH", "/api/v1/posts/{open_post}", WORDS, "401 403 403 403 200 403 403 403 403"),
    ("DELETE", "/api/v1/posts/{open_post}", None, "401 403 403 403 200 403 403 403 403"),
    ("PUT", "/api/v1/posts/{open_post}/removal", WHY, "401 403 403 403 403 200 403 200 403"),
    ("PATCH", "/api/v1/posts/{joint_post}", WORDS, "401 404 403 403 200 403 403 403 404"),
    ("DELETE", "/api/v1/posts/{joint_post}", None, "401 404 403 403 200 403 403 403 404"),
    ("PUT", "/api/v1/posts/{joint_post}/removal", WHY, "401 404 403 403 403 200 403 200 404"),
    ("DELETE", "/api/v1/posts/{withdrawn}/withdrawal", None, "401 404 403 403 200 403 404 403 404"),
    ("DELETE", "/api/v1/posts/{removed}/removal", None, "401 404 403 403 403 200 404 200 404"),
    ("PUT", "/api/v1/posts/{joint_post}/hold", WHY, "401 404 403 403 403 409 200 409 404"),
    ("DELETE", "/api/v1/posts/{held}/hold", None, "401 404 403 403 403 403 200 200 404"),
    # The API, rooms and channels and search
    ("POST", "/api/v1/networks/{net}/messages", WORDS, "401 403 403 201 201 201 403 201 403"),
    ("POST", "/api/v1/networks/{public}/messages", WORDS, "401 403 403 201 201 201 403 201 403"),
    ("PUT", "/api/v1/networks/{net}/read", {}, "401 403 204 204 204 204 403 204 403"),
    ("GET", "/api/v1/messages/{message}", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/messages/{message}/history", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/messages/{open_message}", None, "404 200 200 200 200 200 200 200 200"),
    ("GET", "/api/v1/messages/{open_message}/history", None, "404 200 200 200 200 200 200 200 200"),
    ("GET", "/api/v1/messages/{removed_message}", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/messages/{removed_message}/history", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/messages/{withdrawn_message}", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/messages/{withdrawn_message}/history", None, "404 404 200 200 200 200 404 200 404"),
    ("PATCH", "/api/v1/messages/{message}", WORDS, "401 404 403 403 200 403 404 403 404"),
    ("DELETE", "/api/v1/messages/{message}", None, "401 404 403 403 200 403 404 403 404"),
    ("PUT", "/api/v1/messages/{message}/removal", WHY, "401 404 403 403 403 200 404 200 404"),
    ("DELETE", "/api/v1/messages/{withdrawn_message}/withdrawal", None, "401 404 403 403 200 403 404 403 404"),
    ("DELETE", "/api/v1/messages/{removed_message}/removal", None, "401 404 403 403 403 200 404 200 404"),
    ("GET", "/api/v1/channels/thread:{thread}/updates?after=0", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/channels/network:{net_id}/updates?after=0", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/channels/moderators:{net_id}/updates?after=0", None, "404 404 404 404 404 200 404 200 404"),
    ("GET", "/api/v1/channels/member:{ana}/updates?after=0", None, "404 404 404 404 200 404 404 404 404"),
    ("GET", "/api/v1/channels/room:{room_id}/updates?after=0", None, "404 404 200 200 200 200 404 200 404"),
    ("GET", "/api/v1/channels/thread:{open_thread}/updates?after=0", None, "200"),
    ("GET", "/api/v1/search?q=words", None, "200"),
    ("GET", "/api/v1/search?q=words&network={net}", None, "200"),
    ("GET", "/api/v1/updates?after[thread:{thread}]=0", None, "200"),
    ("GET", "/api/v1/updates?after[thread:{open_thread}]=0", None, "200"),
)
TABLE = [_row(*line) for line in _LINES]
# fmt: on

FOLLOW = (
    ("network:{net_id}", "obs ben ana mod lead"),
    ("network:{open_id}", "guest eve obs ben ana mod max lead admin"),
    ("moderators:{net_id}", "mod lead"),
    ("thread:{thread}", "obs ben ana mod lead"),
    ("thread:{joint}", "obs ben ana mod max lead"),
    ("thread:{open_thread}", "guest eve obs ben ana mod max lead admin"),
    ("room:{room_id}", "obs ben ana mod lead"),
    ("room:{open_room_id}", "eve obs ben ana mod max lead admin"),
    ("member:{ana}", "ana"),
)
"""Channels, and the roles that may follow them."""
