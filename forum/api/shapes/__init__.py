"""What goes out: one shape for each noun, and one function from its row to that shape.

Invariants: a shape shows nothing but its row as it stands, so whoever may see the row may see the shape; what lost its
words is a gap, which names neither its author nor anybody else. Answers and live frames share these functions, so that
a client may apply a frame to what it fetched. `body` is the Markdown as it is stored: a mention stands in it as `@{7}`,
and `mentions` says who that is; `html` has everything expanded.
"""

from forum.api.shapes.common import (
    EXCERPT_MAX_CHARS,
    Kind,
    Mention,
    Page,
    Person,
    Role,
    Row,
    State,
    Visibility,
    author,
    known,
    mentioned,
    person,
)
from forum.api.shapes.contributions import (
    Found,
    Message,
    MessageGap,
    Post,
    PostGap,
    Revision,
    found,
    message,
    post,
    revision,
)
from forum.api.shapes.conversations import Conversation, LastMessage, conversation
from forum.api.shapes.members import (
    Me,
    Member,
    MemberHead,
    MyPlace,
    Notification,
    Place,
    Session,
    Token,
    member,
    member_head,
    notification,
    place,
    session,
    token,
)
from forum.api.shapes.moderation import Case, Hold, LogLine, Reported, Voice, case, log_line
from forum.api.shapes.networks import (
    Invitation,
    JoinRequest,
    Membership,
    Network,
    NetworkHead,
    RequestState,
    membership,
    network,
    network_head,
    request,
)
from forum.api.shapes.removals import (
    Appeal,
    AppealCase,
    MyAppeal,
    Removal,
    RemovalWays,
    Repeat,
    Repeats,
    Swept,
    appeal,
    appeal_case,
    removal,
    repeat,
)
from forum.api.shapes.submissions import Submission, Waiting, submission
from forum.api.shapes.threads import Thread, ThreadHead, thread, thread_head
from forum.api.shapes.updates import Reset, Update, Updates

__all__ = (  # noqa: RUF022 (by noun, as above)
    "EXCERPT_MAX_CHARS", "Kind", "Mention", "Page", "Person", "Role", "Row", "State", "Visibility", "author",
    "known", "mentioned", "person",
    "Found", "Message", "MessageGap", "Post", "PostGap", "Revision", "found", "message", "post", "revision",
    "Conversation", "LastMessage", "conversation",
    "Me", "Member", "MemberHead", "MyPlace", "Notification", "Place", "Session", "Token", "member",
    "member_head", "notification", "place", "session", "token",
    "Case", "Hold", "LogLine", "Reported", "Voice", "case", "log_line",
    "Invitation", "JoinRequest", "Membership", "Network", "NetworkHead", "RequestState", "membership", "network",
    "network_head", "request",
    "Appeal", "AppealCase", "MyAppeal", "Removal", "RemovalWays", "Repeat", "Repeats", "Swept", "appeal",
    "appeal_case", "removal", "repeat",
    "Submission", "Waiting", "submission",
    "Thread", "ThreadHead", "thread", "thread_head",
    "Reset", "Update", "Updates",
)  # fmt: skip
