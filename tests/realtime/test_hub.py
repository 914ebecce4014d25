"""The hub, against a source in memory: the join, the look, access, resets, slow screens, the end of sessions."""

from __future__ import annotations

import asyncio
import time

import pytest

from realtime import pace, protocol
from realtime.hub import Hub, TooManyScreens
from realtime.source import Caller, Head
from tests.realtime.memory_source import KeptSocket, MemorySource, until, updates

THREAD = "thread:9"


@pytest.fixture
def source():
    return MemorySource()


@pytest.fixture
async def hub(source):
    hub = Hub(source, look_every_s=3600)
    await hub.start()
    yield hub
    await hub.stop()


def enter(hub, member=1, session=None, subprotocol=protocol.JSON, ends_at=None):
    socket = KeptSocket()
    return hub.open(Caller(member, session, ends_at), socket, subprotocol), socket


async def follow(hub, after, *, member=1, channel=THREAD, **more):
    screen, socket = enter(hub, member, **more)
    hub.follow(screen, {channel: after})
    await until(lambda: socket.of(channel))
    return screen, socket


async def test_a_follower_is_caught_up_and_then_live(hub, source):
    for _ in range(3):
        source.write(THREAD)
    _, socket = await follow(hub, 1)
    assert socket.of(THREAD) == ["2", "3", "following 3"]
    hub.wake(THREAD, source.write(THREAD))
    await until(lambda: len(socket.of(THREAD)) == 4)
    assert socket.of(THREAD)[3:] == ["4"]


async def test_each_subprotocol_has_its_own_words(hub, source):
    source.write(THREAD, "hello")
    _, html = await follow(hub, 0, subprotocol=protocol.HTML)
    _, data = await follow(hub, 0, subprotocol=protocol.JSON)
    assert html.frames[0]["html"] == data.frames[0]["body"] == "hello"


async def test_the_first_follower_starts_at_the_head(hub, source):
    for _ in range(5000):
        source.write(THREAD)
    _, socket = await follow(hub, 5000)
    assert socket.of(THREAD) == ["following 5000"]
    assert hub.metrics.updates_read == 0


async def test_who_comes_as_the_last_one_leaves_starts_at_the_head_too(hub, source):
    for _ in range(5000):
        source.write(THREAD)
    ana, _ = await follow(hub, 5000)
    asked, answered = asyncio.Event(), asyncio.Event()
    may_follow = source.may_follow

    async def slowly(pairs):
        asked.set()
        await answered.wait()
        return await may_follow(pairs)

    source.may_follow = slowly
    screen, socket = enter(hub, 2)
    hub.follow(screen, {THREAD: 5000})
    await asked.wait()
    hub.leave(ana)
    assert not hub.is_followed(THREAD)
    answered.set()
    await until(lambda: socket.of(THREAD))
    assert socket.of(THREAD) == ["following 5000"]
    assert hub.metrics.updates_read == 0


async def test_who_comes_during_a_read_waits_for_the_next(hub, source):
    """The read that has begun took its snapshot before the newcomer's page was made."""
    source.write(THREAD)
    _, ana = await follow(hub, 1)
    source.gate = asyncio.Event()
    source.reading.clear()
    hub.wake(THREAD, source.write(THREAD))
    await source.reading.wait()
    source.write(THREAD)  # committed after that snapshot; ben's page shows it already
    ben_screen, ben = enter(hub, 2)
    hub.follow(ben_screen, {THREAD: 3})
    await until(lambda: source.asked[-1] == "may_follow")
    source.gate.set()
    await until(lambda: ben.of(THREAD) and len(ana.of(THREAD)) == 3)
    assert ben.of(THREAD) == ["following 3"]
    assert ana.of(THREAD)[1:] == ["2", "3"]


async def test_following_again_ends_the_follow_that_is_under_way(hub, source):
    """Without the token of the newest follow the first one would be answered too, and hand out 2…6 in between."""
    for _ in range(6):
        source.write(THREAD)
    source.gate = asyncio.Event()
    screen, socket = enter(hub)
    hub.follow(screen, {THREAD: 1})
    await source.reading.wait()
    hub.follow(screen, {THREAD: 4})
    source.gate.set()
    await until(lambda: socket.of(THREAD))
    await until(lambda: not hub._channels[THREAD].reader)
    assert socket.of(THREAD) == ["5", "6", "following 6"]


async def test_no_update_comes_after_unfollowed(hub, source):
    source.write(THREAD)
    screen, socket = await follow(hub, 1)
    source.gate = asyncio.Event()
    source.reading.clear()
    hub.wake(THREAD, source.write(THREAD))
    await source.reading.wait()
    hub.unfollow(screen, THREAD)
    source.gate.set()
    await until(lambda: THREAD not in hub._channels)
    assert socket.of(THREAD) == ["following 1", "unfollowed"]


async def test_unfollowing_while_joining(hub, source):
    source.write(THREAD)
    source.gate = asyncio.Event()
    screen, socket = enter(hub)
    hub.follow(screen, {THREAD: 0})
    await source.reading.wait()
    hub.unfollow(screen, THREAD)
    source.gate.set()
    await until(lambda: THREAD not in hub._channels)
    assert socket.of(THREAD) == ["unfollowed"]


async def test_a_lost_wake_up_is_found_by_the_look(hub, source):
    source.write(THREAD)
    _, socket = await follow(hub, 1)
    source.write(THREAD)
    await hub.look()
    await until(lambda: socket.of(THREAD) == ["following 1", "2"])
    assert hub.metrics.wakeups_missed == 1


async def test_the_look_goes_by_itself_and_in_slices(source):
    hub = Hub(source, look_every_s=0.02)
    await hub.start()
    screens = []
    for number in range(1, 1201):
        source.write(f"thread:{number}")
    for first in range(1, 1201, 200):
        screen, socket = enter(hub, member=first)
        hub.follow(screen, {f"thread:{number}": 1 for number in range(first, first + 200)})
        screens.append(socket)
    await until(lambda: all(len(socket.frames) == 200 for socket in screens), 20)
    for number in range(1, 1201):
        source.write(f"thread:{number}")
    await until(lambda: all(len(socket.frames) == 400 for socket in screens), 20)
    await hub.stop()


async def test_wake_ups_twice_late_and_out_of_order_do_no_harm(hub, source):
    _, socket = await follow(hub, 0, channel="room:3", member=None) if source.write("room:3") else None
    for _ in range(5):
        source.write("room:3")
    for seq in (4, 6, 2, 6, 1, 5):
        hub.wake("room:3", seq)
    await until(lambda: "6" in socket.of("room:3"))
    hub.wake("room:3", 3)
    await until(lambda: not hub._channels["room:3"].reader)
    assert socket.of("room:3") == ["1", "following 1", *updates(2, 6)]


async def test_what_waits_goes_in_one_write(hub, source):
    source.write(THREAD)
    _, socket = await follow(hub, 1)
    before = socket.writes
    for _ in range(16):
        seq = source.write(THREAD)
    hub.wake(THREAD, seq)
    await until(lambda: len(socket.of(THREAD)) == 17)
    assert socket.writes == before + 1


async def test_a_burst_of_large_updates_goes_in_several_rounds(hub, source):
    source.write(THREAD)
    _, socket = await follow(hub, 1)
    before = socket.writes
    for _ in range(20):
        seq = source.write(THREAD, "x" * 32_000)
    hub.wake(THREAD, seq)
    await until(lambda: len(socket.of(THREAD)) == 21)
    assert socket.of(THREAD)[1:] == updates(2, 21)
    assert socket.writes == before + 3


# Access


async def test_what_may_not_be_followed_is_not_found(hub, source):
    source.write(THREAD)
    source.shut(THREAD, 5)
    _, eve = await follow(hub, 0, member=5)
    _, nobody = await follow(hub, 0, member=5, channel="thread:1000")
    assert eve.of(THREAD) == nobody.of("thread:1000") == ["error not_found"]
    _, ana = await follow(hub, 0, member=1)
    assert ana.of(THREAD) == ["1", "following 1"]


async def test_after_the_access_version_has_changed_followers_are_checked_again(hub, source):
    source.write(THREAD)
    _, ana = await follow(hub, 1, member=1)
    _, eve = await follow(hub, 1, member=5)
    source.shut(THREAD, 5)
    hub.wake(THREAD, source.write(THREAD))
    await until(lambda: "2" in ana.of(THREAD))
    assert eve.of(THREAD) == ["following 1", "gone"]
    assert hub.metrics.rechecks == 1


async def test_a_session_that_ended_is_shut_out_before_its_own_channel_tells(hub, source):
    source.write(THREAD)
    _, gone = await follow(hub, 1, member=1, session=11)
    _, stays = await follow(hub, 1, member=1, session=12)
    source.ended_sessions.add(11)
    source.shut(THREAD)  # nobody: their access is checked again
    hub.wake(THREAD, source.write(THREAD))
    await until(lambda: "2" in stays.of(THREAD))
    assert gone.of(THREAD) == ["following 1", "gone"]


async def test_a_session_that_ended_begins_no_new_follow(hub, source):
    """Its own channel may be read later: until then its member may still follow, but it may not."""
    source.write(THREAD)
    source.ended_sessions.add(11)
    screen, gone = enter(hub, 1, session=11)
    hub.follow(screen, {THREAD: 0})
    await until(lambda: gone.of(THREAD) != [])
    assert [frame.get("code") for frame in gone.frames if frame.get("channel") == THREAD] == ["not_found"]
    _, stays = await follow(hub, 0, member=1, session=12)
    assert stays.of(THREAD)[0] == "1"


async def test_the_look_finds_a_changed_access_version_without_an_update(hub, source):
    source.write(THREAD)
    _, eve = await follow(hub, 1, member=5)
    source.shut(THREAD, 5)
    await hub.look()
    await until(lambda: eve.of(THREAD) == ["following 1", "gone"])


async def test_access_that_ends_between_the_check_and_the_read(hub, source):
    """The follow was allowed, then access ended and something was written, then the read came: nothing is delivered."""
    source.write(THREAD)
    allowed = asyncio.Event()
    may_follow = source.may_follow

    async def and_then_shut(pairs):
        answer = await may_follow(pairs)
        source.shut(THREAD, 5)
        source.write(THREAD, "not for eve")
        allowed.set()
        return answer

    source.may_follow = and_then_shut
    _, eve = await follow(hub, 1, member=5)
    assert allowed.is_set()
    assert eve.of(THREAD) == ["gone"]


async def test_who_does_not_belong_is_told_in_other_words(hub, source):
    source.write("network:3", "words")
    source.stand("network:3", 5, outside=True)
    _, ana = await follow(hub, 0, channel="network:3")
    _, eve = await follow(hub, 0, channel="network:3", member=5)
    hub.wake("network:3", source.write("network:3", "more words"))
    await until(lambda: "2" in ana.of("network:3") and "2" in eve.of("network:3"))
    assert [frame["kind"] for frame in eve.frames if frame["type"] == "update"] == ["hidden", "hidden"]
    assert [frame["body"] for frame in ana.frames if frame["type"] == "update"] == ["words", "more words"]


async def test_who_comes_or_leaves_is_reset_before_anything_is_handed_out(hub, source):
    source.write("network:3")
    _, eve = await follow(hub, 1, channel="network:3", member=5)
    source.stand("network:3", 5, outside=True)
    hub.wake("network:3", source.write("network:3", "not for eve"))
    await until(lambda: len(eve.of("network:3")) == 2)
    assert eve.of("network:3") == ["following 1", "reset 2"]


async def test_who_leaves_between_the_check_and_the_read_is_told_in_other_words(hub, source):
    source.write("network:3")
    may_follow, told = source.may_follow, asyncio.Event()

    async def and_then_leave(pairs):
        answer = await may_follow(pairs)
        if not told.is_set():
            told.set()
            source.stand("network:3", 5, outside=True)
            source.write("network:3", "not for eve")
        return answer

    source.may_follow = and_then_leave
    _, eve = await follow(hub, 1, channel="network:3", member=5)
    await until(lambda: eve.of("network:3") == ["2", "following 2"])
    assert eve.frames[0]["kind"] == "hidden"


async def test_of_a_thousand_follows_each_many_is_one_query(hub, source):
    channels = {f"thread:{number}": 1 for number in range(1, 9)}
    for name in channels:
        source.write(name)
    screen, socket = enter(hub)
    hub.follow(screen, channels)
    await until(lambda: len(socket.frames) == 8)
    assert source.asked.count("may_follow") == 1
    assert source.asked.count("heads") == 1


async def test_a_thousand_who_come_back_at_once_are_checked_together(hub, source):
    channels = {f"thread:{number}": 1 for number in range(1, 9)}
    for name in channels:
        source.write(name)
        source.write(name)
    source.shut("thread:8", 7)
    entered = [enter(hub, member) for member in range(1, 1001)]
    for screen, _ in entered:
        hub.follow(screen, channels)
    await until(lambda: all(len(socket.frames) >= 15 for _, socket in entered))
    assert source.asked.count("may_follow") <= 1000 / 32 + 3
    assert source.asked.count("heads") <= 5
    for screen, socket in entered:
        assert socket.of("thread:1") == ["2", "following 2"]
        assert ("error not_found" in socket.of("thread:8")) == (screen.caller.member == 7)


# Resets


@pytest.mark.parametrize(
    ("after", "log"), [(10, None), (5, "another"), (0, None)], ids=["past the head", "another log", "older than kept"]
)
async def test_a_cursor_that_cannot_be_continued_is_reset(hub, source, after, log):
    for _ in range(6):
        source.write(THREAD)
    source.channel(THREAD).trimmed = 3
    screen, socket = enter(hub)
    hub.follow(screen, {THREAD: after}, log)
    await until(lambda: socket.of(THREAD))
    assert socket.of(THREAD) == ["reset 6"]
    assert socket.frames[0]["log"] == "first"
    hub.follow(screen, {THREAD: 6}, "first")
    await until(lambda: len(socket.of(THREAD)) == 2)
    assert socket.of(THREAD)[1] == "following 6"


async def test_the_oldest_cursor_that_is_kept_is_served(hub, source):
    for _ in range(6):
        source.write(THREAD)
    source.channel(THREAD).trimmed = 3
    _, socket = await follow(hub, 3)
    assert socket.of(THREAD) == ["4", "5", "6", "following 6"]


@pytest.mark.parametrize(("behind", "answer"), [(500, "1"), (501, "reset 501")])
async def test_500_updates_are_caught_up_and_no_more(hub, source, behind, answer):
    for _ in range(behind):
        source.write(THREAD)
    _, socket = await follow(hub, 0)
    assert socket.of(THREAD)[0] == answer


@pytest.mark.parametrize(("count", "answer"), [(15, "1"), (17, "reset 17")])
async def test_512_kib_are_caught_up_and_no_more(hub, source, count, answer):
    for _ in range(count):
        source.write(THREAD, "x" * 32_000)
    _, socket = await follow(hub, 0)
    assert socket.of(THREAD)[0] == answer


async def test_near_and_far_followers_of_one_round(hub, source):
    for _ in range(900):
        source.write(THREAD)
    far, near, now = (enter(hub, member)[0] for member in (1, 2, 3))
    for screen, after in ((far, 10), (near, 890), (now, 900)):
        hub.follow(screen, {THREAD: after})
    sockets = [screen.socket for screen in (far, near, now)]
    await until(lambda: all(socket.of(THREAD) for socket in sockets))
    assert sockets[0].of(THREAD) == ["reset 900"]
    assert sockets[1].of(THREAD) == [*updates(891, 900), "following 900"]
    assert sockets[2].of(THREAD) == ["following 900"]


@pytest.mark.parametrize("log", ["restored", "first"])
async def test_a_database_restored_from_an_older_copy_resets_those_who_are_live(hub, source, log):
    for _ in range(6):
        source.write(THREAD)
    _, socket = await follow(hub, 6)
    source.log = log
    del source.channel(THREAD).notes[3:]
    await hub.look()
    await until(lambda: socket.of(THREAD) == ["following 6", "reset 3"])
    assert socket.frames[-1]["log"] == log


async def test_a_log_trimmed_past_the_live_cursor_resets(hub, source):
    source.write(THREAD)
    _, socket = await follow(hub, 1)
    for _ in range(9):
        source.write(THREAD)
    source.channel(THREAD).trimmed = 5
    await hub.look()
    await until(lambda: socket.of(THREAD) == ["following 1", "reset 10"])


async def test_a_hole_in_the_log_is_declared(hub, source):
    source.write(THREAD)
    _, socket = await follow(hub, 1)
    source.write(THREAD)
    source.write(THREAD)
    del source.channel(THREAD).notes[1]
    await hub.look()
    await until(lambda: socket.of(THREAD) == ["following 1", "reset 3"])
    assert hub.metrics.holes == 1


async def test_an_update_that_cannot_be_shown_is_declared(hub, source):
    source.write(THREAD)
    _, socket = await follow(hub, 1)
    source.write(THREAD, "cannot be shown")
    await hub.look()
    await until(lambda: socket.of(THREAD) == ["following 1", "reset 2"])
    _, late = await follow(hub, 1)
    assert late.of(THREAD) == ["reset 2"]


# A source that fails


async def test_a_source_that_fails_loses_no_screen(hub, source, monkeypatch):
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 0.005)
    source.write(THREAD)
    source.failures = 4
    _, socket = await follow(hub, 0)
    assert socket.of(THREAD) == ["1", "following 1"]
    source.failures = 3
    hub.wake(THREAD, source.write(THREAD))
    await until(lambda: socket.of(THREAD)[-1] == "2")
    assert hub.metrics.source_errors == 7
    assert hub.gauges()["lag_s"] == 0.0


async def test_a_read_that_fails_forgets_no_joiner(hub, source, monkeypatch):
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 0.005)
    source.write(THREAD)
    read, failures = source.read, iter([ConnectionError(), TimeoutError()])

    async def fail_twice(*question):
        for failure in failures:
            raise failure
        return await read(*question)

    source.read = fail_twice
    _, socket = await follow(hub, 0)
    assert socket.of(THREAD) == ["1", "following 1"]
    assert hub.metrics.source_errors == 2


async def test_the_lag_shows_while_the_source_is_away(hub, source):
    source.write(THREAD)
    await follow(hub, 1)
    source.failures = 1000
    hub.wake(THREAD, source.write(THREAD))
    await until(lambda: hub.gauges()["lag_s"] > 0.05)
    source.failures = 0
    await until(lambda: hub.gauges()["lag_s"] == 0.0)


# Slow screens


async def test_a_slow_screen_is_closed_and_the_second_time_reset(hub, source):
    source.write(THREAD)
    for expected in ("1", "1", "reset 20"):
        screen, socket = await follow(hub, 0, session=44)
        assert socket.of(THREAD)[0] == expected
        while source.channel(THREAD).head < 20:
            source.write(THREAD)
        socket.when_full()
        assert socket.closed[0] == protocol.TOO_SLOW
        assert screen.closed
    assert hub.metrics.slow_closes == 3


async def test_slow_screens_of_different_sessions_are_not_confused(hub, source):
    for _ in range(20):
        source.write(THREAD)
    for session in (1, 2, 3):
        _, socket = await follow(hub, 0, session=session)
        assert socket.of(THREAD)[0] == "1"
        socket.when_full()


# Bounds


async def test_a_screen_follows_at_most_200_channels(hub, source):
    channels = {f"thread:{number}": 0 for number in range(1, 203)}
    for name in channels:
        source.channel(name)
    screen, socket = enter(hub)
    hub.follow(screen, channels)
    await until(lambda: len(socket.frames) == 202)
    assert [frame["channel"] for frame in socket.frames if frame.get("code") == "too_many"] == [
        "thread:201",
        "thread:202",
    ]


async def test_a_member_has_at_most_50_screens(hub):
    for _ in range(50):
        enter(hub, member=1)
    with pytest.raises(TooManyScreens):
        enter(hub, member=1)
    enter(hub, member=2)


# The end of sessions


async def test_the_end_of_a_session_closes_its_screens_and_no_other(hub, source):
    source.channel("member:1")
    phone, laptop = enter(hub, 1, session=3), enter(hub, 1, session=4)
    for screen, _ in (phone, laptop):
        await hub.watch(screen)
    await until(lambda: phone[1].of("member:1") == laptop[1].of("member:1") == ["following 0"])
    source.write("member:1", kind="session.ended", target=3)
    await hub.look()
    await until(lambda: phone[1].closed)
    assert phone[1].closed[0] == protocol.SIGNED_OUT
    assert laptop[1].closed is None


async def test_the_end_of_a_token_closes_its_screens_and_not_those_of_a_session_with_its_number(hub, source):
    source.channel("member:1")
    program, browser = enter(hub, 1, session=-3), enter(hub, 1, session=3)
    for screen, _ in (program, browser):
        await hub.watch(screen)
    source.write("member:1", kind="token.ended", target=3)
    await hub.look()
    await until(lambda: program[1].closed)
    assert program[1].closed[0] == protocol.SIGNED_OUT
    assert browser[1].closed is None


async def test_an_update_before_the_screen_came_does_not_close_it(hub, source):
    source.write("member:1", kind="member.suspended", target=1)
    screen, socket = enter(hub, 1, session=3)
    await hub.watch(screen)
    hub.follow(screen, {"member:1": 0})
    await until(lambda: "1" in socket.of("member:1"))
    assert socket.closed is None


async def test_suspension_closes_every_screen_of_a_member_followed_or_not(hub, source):
    source.channel("member:1")
    followed, silent = enter(hub, 1), enter(hub, 1)
    await hub.watch(followed[0])
    await hub.watch(silent[0], silently=True)
    hub.unfollow(followed[0], "member:1")
    source.write("member:1", kind="member.suspended", target=1)
    hub.wake("member:1", 1)
    await until(lambda: followed[1].closed and silent[1].closed)
    assert followed[1].closed[0] == silent[1].closed[0] == protocol.SUSPENDED
    assert silent[1].frames == []
    await until(lambda: not hub._channels)


async def test_a_session_that_is_over_is_closed(source):
    hub = Hub(source, look_every_s=0.01)
    await hub.start()
    _, ending = enter(hub, 1, ends_at=time.time() + 0.05)
    _, staying = enter(hub, 1, ends_at=time.time() + 60)
    await until(lambda: ending.closed)
    assert ending.closed[0] == protocol.SIGNED_OUT
    assert staying.closed is None
    await hub.stop()
    assert staying.closed[0] == protocol.RESTARTING


async def test_nothing_is_left_when_the_last_screen_has_gone(hub, source):
    source.write(THREAD)
    source.channel("member:1")
    screen, _ = await follow(hub, 1)
    await hub.watch(screen)
    hub.leave(screen)
    hub.leave(screen)
    await until(lambda: not hub._channels)
    assert hub.gauges() == {"screens": 0, "followers": 0, "channels": 0, "lag_s": 0.0}
    assert not hub._by_member


async def test_a_silent_watch_leaves_nothing_either(hub, source):
    screen, _ = enter(hub, 1)
    await hub.watch(screen, silently=True)
    assert hub._channels
    hub.leave(screen)
    assert not hub._channels


async def test_a_false_alarm_of_the_look_harms_nobody(hub, source):
    """The look's answer was taken before updates that the hub has read since."""
    source.write(THREAD)
    _, socket = await follow(hub, 1)
    hub._compare(hub._channels[THREAD], 1, Head(0, 0))
    await until(lambda: not hub._channels[THREAD].reader)
    assert socket.of(THREAD) == ["following 1"]
