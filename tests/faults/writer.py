"""Who writes: each write is sent again, with the same `Idempotency-Key`, until it is answered; what was answered is
kept in a ledger that the verdict compares with the database.
"""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.faults.wire import Answer, Client, Lost
from tests.faults.world import Person, Place, World

Noun = Literal["post", "message"]
PAUSE_MAX_S = 0.3
LOST_ANSWERS = 0.03
"""The share of writes whose answer the writer does not wait for, and which it then sends again."""
ADDRESSED = 0.15
"""The share of contributions that name others."""
DONE_BEFORE = {404, 409, 422}
"""What an act that is sent a second time may be refused with where the first time was carried out."""


@dataclass(slots=True)
class Written:
    """A contribution as it was last answered."""

    noun: Noun
    id: int
    author: int
    key: str
    body: str
    state: str
    version: int
    acked_at_s: float


@dataclass(slots=True)
class Ledger:
    """All that was answered, by all writers of a run."""

    written: dict[tuple[Noun, int], Written] = field(default_factory=dict)
    answered: int = 0
    refused: list[tuple[float, int, bool]] = field(default_factory=list)
    """When, with which status, and whether it said when to come back."""
    lost: list[tuple[float, bool]] = field(default_factory=list)
    """When no answer came, and whether the writer meant it so."""
    wrong: list[str] = field(default_factory=list)
    given_up: int = 0
    """Writes that were never answered: 0 unless the run was cut short."""


class Writer:
    """One member at work: writes, edits, withdraws; and the moderator, who removes some of it and restores it."""

    def __init__(
        self, client: Client, world: World, me: Person, rng: random.Random, said: Iterator[str], ledger: Ledger
    ) -> None:
        self._client = client
        self._world = world
        self._me = me
        self._rng = rng
        self._said = said
        self._ledger = ledger
        self._mine: list[Written] = []
        self._count = 0

    async def write(self) -> None:
        """One act, whatever it takes."""
        try:
            act = self._rng.choices((self._create, self._edit, self._withdraw, self._remove), (74, 12, 8, 6))[0]
            await act()
            self._ledger.answered += 1
        except asyncio.CancelledError:
            self._ledger.given_up += 1
            raise

    async def _create(self) -> None:
        place: Place = self._rng.choice(self._world.places)
        self._count += 1
        key = f"{self._world.tag}-{self._me.id}-{self._count}"
        noun: Noun = self._rng.choice(("post", "message"))
        path = (
            f"/threads/{self._rng.choice(place.threads)}/posts"
            if noun == "post"
            else f"/networks/{place.slug}/messages"
        )
        body = f"{self._addressed()}{next(self._said)[:9_000]} {key}"
        answer = await self._until_answered("POST", path, {"body": body}, key)
        if answer.status != 201:
            self._ledger.wrong.append(f"{path} was answered {answer.status}: {answer.body[:200]!r}")
            return
        made = answer.json()
        place_in_ledger = (noun, made["id"])
        if place_in_ledger in self._ledger.written:
            self._ledger.wrong.append(f"two writes were answered with the same {noun} {made['id']}")
        one = Written(noun, made["id"], self._me.id, key, made["body"], "shown", made["version"], time.monotonic())
        self._ledger.written[place_in_ledger] = one
        self._mine.append(one)

    def _addressed(self) -> str:
        """Sometimes people are named, in any order: their notifications are recorded in the same transaction."""
        if self._rng.random() > ADDRESSED:
            return ""
        named = self._rng.sample(self._world.readers, 3)
        return " ".join(f"@{person.name}" for person in named) + " "

    def _some(self, state: str) -> Written | None:
        written = self._ledger.written  # a restored copy may have lost it, and given its id to another
        found = [one for one in self._mine if one.state == state and written.get((one.noun, one.id)) is one]
        return self._rng.choice(found) if found else None

    async def _edit(self) -> None:
        one = self._some("shown")
        if one is None:
            return await self._create()
        self._count += 1
        key = f"{self._world.tag}-{self._me.id}-{self._count}"
        answer = await self._until_answered(
            "PATCH", f"/{one.noun}s/{one.id}", {"body": f"{next(self._said)[:9_000]} {one.key}"}, key
        )
        self._keep(one, answer, "shown")
        return None

    async def _withdraw(self) -> None:
        one = self._some("withdrawn") if self._rng.random() < 0.4 else None
        if one is not None:
            self._keep(one, await self._until_answered("DELETE", f"/{one.noun}s/{one.id}/withdrawal"), "shown")
        elif one := self._some("shown"):
            self._keep(one, await self._until_answered("DELETE", f"/{one.noun}s/{one.id}"), "withdrawn")

    async def _remove(self) -> None:
        moderator = {"authorization": self._world.moderator.bearer}
        one = self._some("removed") if self._rng.random() < 0.4 else None
        path = "/{}s/{}/removal"
        if one is not None:
            answer = await self._until_answered("DELETE", path.format(one.noun, one.id), headers=moderator)
            self._keep(one, answer, "shown")
        elif one := self._some("shown"):
            body = {"reason": "Advertising"}
            answer = await self._until_answered("PUT", path.format(one.noun, one.id), body, headers=moderator)
            self._keep(one, answer, "removed")

    def _keep(self, one: Written, answer: Answer, state: str) -> None:
        if answer.status in DONE_BEFORE:
            one.state = state  # it was carried out the first time, and that answer was lost
            one.version = 0
        elif answer.status != 200:
            self._ledger.wrong.append(f"{one.noun} {one.id} was to be {state}: {answer.status} {answer.body[:200]!r}")
        else:
            now = answer.json()
            if now["state"] != state:
                self._ledger.wrong.append(f"{one.noun} {one.id} was answered as {now['state']} instead of {state}")
            one.state, one.version = now["state"], now["version"]
            if state == "shown":
                one.body = now["body"]

    async def _until_answered(
        self, method: str, path: str, body: Any = None, key: str | None = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        said = {"authorization": self._me.bearer, **(headers or {})}
        if key is not None:
            said["idempotency-key"] = key
        again = False
        while True:
            try:
                if self._rng.random() < LOST_ANSWERS:
                    await self._turn_away(method, f"/api/v1{path}", body, said)
                    again = True
                answer = await self._client.ask(method, f"/api/v1{path}", body, headers=said)
            except (Lost, OSError):
                self._ledger.lost.append((time.monotonic(), False))
                again = True
                await asyncio.sleep(self._rng.uniform(0.02, PAUSE_MAX_S))
                continue
            if answer.status in {429, 503}:
                self._ledger.refused.append((time.monotonic(), answer.status, "retry-after" in answer.headers))
                again = True
                await asyncio.sleep(self._rng.uniform(0.05, PAUSE_MAX_S))
                continue
            if answer.status in DONE_BEFORE and not again:
                self._ledger.wrong.append(f"{method} {path} was refused: {answer.status} {answer.body[:200]!r}")
            return answer

    async def _turn_away(self, method: str, path: str, body: Any, headers: dict[str, str]) -> None:
        """Send it, and break the connection at some moment while it is carried out."""
        await self._client.send(method, path, body, headers=headers)
        await asyncio.sleep(self._rng.uniform(0, 0.02))
        self._client.cut()
        self._ledger.lost.append((time.monotonic(), True))
