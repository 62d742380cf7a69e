"""Somebody who orders while the program is killed, and remembers what he was answered."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import uuid4

import httpx

from core.building_queue import Step
from core.commands import (
    CancelBuilding,
    Command,
    DemolishBuilding,
    FoundHome,
    StartBuilding,
)
from core.components import BUILDINGS, RESOURCES
from core.rules import RULES
from tests.end_to_end.expectation import NO_LEVELS, NOTHING, Expectation, Found, next_price
from tests.end_to_end.program import NO_CERTIFICATES
from tests.replay import BrokenPromise

REQUEST_TIMEOUT_S = 30.0
# Others need something: what is needed would be dropped from a queue without a word.
ORDERED = tuple(name for name in BUILDINGS.labels if not RULES.buildings[name].requires)
# An order is given only where everything queued could be paid this many times over: then nothing is
# dropped, and what was accepted can only be there or be lost.
RESERVE = 3
HISTORY_LENGTH = 12
ANSWERS_REPEATED = 5
# 503 and 504 that do not say "nothing was done".
UNKNOWN_CODES = {"commit_pending", "not_saved", "failed"}
# Refusals that say nothing of what became of the same request before.
SAYS_NOTHING = {"stopping", "storage_unavailable", "busy"}


class Answer(Enum):
    """What a player knows of an order."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """An order as it goes over the wire: for a step, or to cancel what stands at a place."""

    method: str
    path: str
    body: dict[str, Any] | None
    key: str | None
    wanted: Step | int


class Disconnected(Exception):
    """The program does not answer any more, or has no time to."""


@dataclass(slots=True)
class Player:
    """Somebody who orders all the time, two orders at once now and then, and remembers."""

    name: str
    dice: random.Random
    expectation: Expectation = field(default_factory=Expectation)
    id: int | None = None
    # True once he was told so, None while nobody knows.
    is_registered: bool | None = False
    token: str | None = None
    told: Counter[Answer] = field(default_factory=Counter)
    # What was accepted and what nobody knows of, as the command that it is.
    accepted: Counter[Command] = field(default_factory=Counter)
    perhaps: Counter[Command] = field(default_factory=Counter)
    is_cut_off: bool = False
    sends_keys: bool = False
    unanswered: list[Request] = field(default_factory=list)
    answered: deque[tuple[Request, dict[str, Any]]] = field(
        default_factory=lambda: deque(maxlen=ANSWERS_REPEATED)
    )
    repeated: Counter[Answer] = field(default_factory=Counter)
    _http: httpx.AsyncClient = field(init=False)
    seen: Found = field(default_factory=lambda: Found(NO_LEVELS, ()))
    resources: tuple[int, ...] = NOTHING
    log: deque[str] = field(default_factory=lambda: deque(maxlen=HISTORY_LENGTH))

    async def play(self) -> None:
        """Order until the program is gone or stops taking orders."""
        try:
            await self.come_in()
            await self.look()
            await self._repeat_unanswered()
            while not self.is_cut_off:
                await self.look()
                await self._repeat_answered()
                await self._order_something()
                await asyncio.sleep(self.dice.uniform(0, 0.03))
        except Disconnected:
            return

    def connect(self, url: str) -> None:
        # With one client for all, most of a round would be spent in its pool of connections.
        self._http = httpx.AsyncClient(
            base_url=url, timeout=REQUEST_TIMEOUT_S, verify=NO_CERTIFICATES, trust_env=False
        )

    async def disconnect(self) -> None:
        await self._http.aclose()

    @property
    def known_id(self) -> int:
        """The id of a player who is in."""
        assert self.id is not None
        return self.id

    # Coming in ---------------------------------------------------------------------------------

    async def come_in(self) -> None:
        """Register and log in, unless that is done."""
        if self.token is None and self.is_registered is not False:
            await self._log_in()
        if self.token is None:
            await self._register()
            await self._log_in()

    async def _register(self) -> None:
        body = {"username": self.name, "email": f"{self.name}@b.c", "password": "password-1"}
        self.is_registered = None
        answer, reply = await self._ask("POST", "/auth/register", body)
        if answer is Answer.UNKNOWN:
            raise Disconnected(reply)
        self.is_registered = answer is Answer.ACCEPTED
        if not self.is_registered:
            self._check_stopping(reply)
        self.id = reply["id"]

    async def _log_in(self) -> None:
        body = {"username": self.name, "password": "password-1"}
        answer, reply = await self._ask("POST", "/auth/login", body)
        if answer is Answer.ACCEPTED:
            self.token = reply["access_token"]
            self.id = (await self._get("/auth/me"))["id"]
            self.is_registered = True
        elif reply.get("code") == "wrong_credentials":
            if self.is_registered:
                raise self._broken("the account is gone")
            self.is_registered = False
        else:
            raise Disconnected(reply)

    # Looking and ordering ----------------------------------------------------------------------

    async def look(self) -> None:
        """Look at the planet: it must be what the answers so far have made of it."""
        planet = await self._get(f"/player/{self.id}")
        levels = tuple(planet["buildings"][name] for name in BUILDINGS.labels)
        found = Found(levels, _steps(planet["build_queue"]))
        if not self.expectation.found(found):
            raise self._broken(f"found {found}")
        self.resources = tuple(planet["resources"][name] for name in RESOURCES.labels)
        self.seen = found

    async def _order_something(self) -> None:
        queue = self.seen.queue
        if queue and self.dice.random() < 0.25:
            await self._cancel(self.dice.choice((0, len(queue) - 1)))
            return
        steps = [step for _ in range(self.dice.choice((1, 1, 2))) if (step := self._choose())]
        delays = [0.0, self.dice.uniform(0, 0.01)]
        requests = [self._to_order(step) for step in steps]
        answers = await asyncio.gather(
            *(self._order(*each) for each in zip(requests, delays, strict=False))
        )
        accepted, unknown = (
            [request for request, answer in zip(requests, answers, strict=True) if answer is kind]
            for kind in (Answer.ACCEPTED, Answer.UNKNOWN)
        )
        self.expectation.ordered(
            [request.wanted for request in accepted if isinstance(request.wanted, Step)],
            [request.wanted for request in unknown if isinstance(request.wanted, Step)],
            [request.key for request in unknown if request.key is not None],
        )
        if unknown:
            self.unanswered += [request for request in unknown if request.key is not None]
            raise Disconnected

    def _choose(self) -> Step | None:
        """Choose an order that can surely be paid when its turn comes."""
        levels, queue = self.seen.levels, self.seen.queue
        demolish = self.dice.random() < 0.2 and not any(item.demolish for item in queue)
        standing = [name for name in ORDERED if levels[BUILDINGS.index(name)] > 0]
        steps = [Step(name, demolish) for name in (standing if demolish else ORDERED)]
        within_means = [step for step in steps if self._can_pay((*queue, step))]
        return self.dice.choice(within_means) if within_means else None

    def _can_pay(self, queue: tuple[Step, ...]) -> bool:
        levels = self.seen.levels
        prices = [next_price(levels, queue[:place], step) for place, step in enumerate(queue)]
        needed = [RESERVE * sum(price) for price in zip(*prices, strict=True)]
        return all(have >= need for have, need in zip(self.resources, needed, strict=True))

    def _to_order(self, step: Step) -> Request:
        if step.demolish:
            path = f"/player/{self.id}/buildings/{step.building}"
            return Request("DELETE", path, None, self._new_key(), step)
        body = {"building_type": step.building}
        return Request("POST", f"/player/{self.id}/build", body, self._new_key(), step)

    def _new_key(self) -> str | None:
        return str(uuid4()) if self.sends_keys else None

    async def _order(self, request: Request, delay_s: float) -> Answer:
        await asyncio.sleep(delay_s)
        answer, reply = await self._send(request)
        self._note(request, answer)
        if answer is Answer.ACCEPTED and request.key is not None:
            self.answered.append((request, reply))
        return answer

    def _note(self, request: Request, answer: Answer) -> None:
        if answer is Answer.ACCEPTED:
            self.accepted[self._command_of(request)] += 1
        elif answer is Answer.UNKNOWN:
            self.perhaps[self._command_of(request)] += 1

    def _command_of(self, request: Request) -> Command:
        wanted = request.wanted
        if not isinstance(wanted, Step):
            return CancelBuilding(self.known_id, wanted)
        order = DemolishBuilding if wanted.demolish else StartBuilding
        return order(self.known_id, wanted.building)

    async def _send(self, request: Request) -> tuple[Answer, dict[str, Any]]:
        return await self._ask(request.method, request.path, request.body, key=request.key)

    async def _cancel(self, place: int) -> None:
        path = f"/player/{self.id}/build-queue/{place}"
        request = Request("DELETE", path, None, self._new_key(), place)
        answer, reply = await self._send(request)
        self._note(request, answer)
        if answer is Answer.UNKNOWN:
            self.expectation.perhaps_cancelled(place, self.seen.queue, request.key)
            if request.key is not None:
                self.unanswered.append(request)
            raise Disconnected
        if answer is Answer.ACCEPTED:
            left = _steps(reply["build_queue"])
            if not self.expectation.cancelled(place, left):
                raise self._broken(f"cancelling {place} left {left}")
            if request.key is not None:
                self.answered.append((request, reply))

    # Asking again ------------------------------------------------------------------------------

    async def _repeat_unanswered(self) -> None:
        """Repeat what was not answered: then it is there once, or was never done."""
        while self.unanswered:
            request = self.unanswered[0]
            answer, reply = await self._send(request)
            self.repeated[answer] += 1
            if answer is Answer.REFUSED and reply.get("code") in SAYS_NOTHING:
                raise Disconnected
            if not self._is_possible(request, answer, reply):
                raise self._broken(f"repeating {request} was {answer.value}: {reply}")
            if answer is Answer.UNKNOWN:
                raise Disconnected
            del self.unanswered[0]
            # What is known now was unknown before.
            self.perhaps[self._command_of(request)] -= 1
            self._note(request, answer)
            if answer is Answer.ACCEPTED:
                self.answered.append((request, reply))
            await self.look()

    def _is_possible(self, request: Request, answer: Answer, reply: dict[str, Any]) -> bool:
        """Take in what the answer to a repeated request says; return whether it can be true."""
        books, key, wanted = self.expectation, request.key, request.wanted
        assert key is not None
        if answer is Answer.REFUSED:
            return books.is_not_done(key)
        if isinstance(wanted, Step):
            if answer is Answer.ACCEPTED:
                return books.order_repeated(key, wanted)
            books.order_perhaps_repeated(key, wanted)
            return True
        if answer is Answer.ACCEPTED:
            return books.cancelling_repeated(key, wanted, _steps(reply["build_queue"]))
        books.perhaps_cancelled(wanted, self.seen.queue, key)
        return True

    async def _repeat_answered(self) -> None:
        """Repeat something that was answered, now and then: nothing may come of it."""
        if not self.answered or self.dice.random() > 0.2:
            return
        request, first = self.dice.choice(self.answered)
        answer, reply = await self._send(request)
        self.repeated[answer] += 1
        if answer is Answer.ACCEPTED:
            if reply != first:
                raise self._broken(f"repeating {request} was answered {reply}, before {first}")
            await self.look()
        elif answer is Answer.UNKNOWN:
            raise Disconnected
        else:
            self._check_stopping(reply)

    # The wire ----------------------------------------------------------------------------------

    async def _get(self, path: str) -> dict[str, Any]:
        answer, reply = await self._ask("GET", path, is_order=False)
        if answer is not Answer.ACCEPTED:
            self._check_stopping(reply)
        return reply

    async def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        is_order: bool = True,
        key: str | None = None,
    ) -> tuple[Answer, dict[str, Any]]:
        try:
            headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
            if key is not None:
                headers["Idempotency-Key"] = key
            response = await self._http.request(method, path, json=body, headers=headers)
        except httpx.ConnectError:
            answer, reply = Answer.REFUSED, {"code": "stopping"}
        except httpx.TransportError as error:
            answer, reply = Answer.UNKNOWN, {"code": "stopping", "detail": repr(error)}
        else:
            answer, reply = _judge(response)
        if is_order:
            self.told[answer] += 1
            self.log.append(f"{method} {path} {body or ''}: {answer.value} {reply.get('code', '')}")
        self.is_cut_off = reply.get("code") == "stopping"
        return answer, reply

    def _check_stopping(self, reply: dict[str, Any]) -> None:
        """End the round if nothing is answered any more; anything else was not to happen."""
        if reply.get("code") in {"stopping", "busy", "storage_unavailable", *UNKNOWN_CODES}:
            raise Disconnected(reply)
        raise self._broken(f"was answered {reply}")

    def _broken(self, what: str) -> BrokenPromise:
        histories = sorted(map(str, self.expectation.histories))
        lines = (f"{self.name} ({self.id}): {what}", "expected:", *histories, "orders:", *self.log)
        return BrokenPromise("\n  ".join(lines))

    def account(self) -> str:
        """Return what he has heard last."""
        told = ", ".join(f"{self.told[answer]} {answer.value}" for answer in Answer)
        return "\n  ".join((f"{self.name} ({self.id}): {told}", *self.log))

    # The file ----------------------------------------------------------------------------------

    def check_file(self, planets: dict[int, Found], keys: dict[int, set[str]]) -> None:
        """Compare what lies in the file with what was answered."""
        if not self.is_registered:
            return
        found = planets.get(self.id or 0)
        if found is None:
            raise self._broken("the home is gone")
        if not self.expectation.found(found):
            raise self._broken(f"the file has {found}")
        known = keys.get(self.id or 0, set())
        for request, _ in self.answered:
            if request.key not in known:
                raise self._broken(f"the answer to {request} is gone")
        for request in self.unanswered:
            assert request.key is not None
            is_there = request.key in known
            books = self.expectation
            if not (books.is_known if is_there else books.is_not_done)(request.key):
                what = "the answer alone" if is_there else "what was done alone"
                raise self._broken(f"the file has {what} of {request}")

    def check_log(self, log: Sequence[Command]) -> None:
        """Look whether every order that was accepted is in the log as often as it was given."""
        homes = sum(isinstance(order, FoundHome) and order.name == self.name for order in log)
        if homes > 1 or (self.is_registered and not homes):
            raise self._broken(f"his home was founded {homes} times")
        orders = (StartBuilding, DemolishBuilding, CancelBuilding)
        mine: Counter[Command] = Counter(
            each for each in log if isinstance(each, orders) and each.player_id == self.id
        )
        for order in mine | self.accepted:
            least = self.accepted[order]
            most = least + self.perhaps[order]
            if not least <= mine[order] <= most:
                expected = f"accepted {least} times, {most - least} were not answered"
                raise self._broken(f"{order} is in the log {mine[order]} times, {expected}")


def _judge(response: httpx.Response) -> tuple[Answer, dict[str, Any]]:
    reply: dict[str, Any] = response.json()
    if response.status_code == 200:
        return Answer.ACCEPTED, reply
    if response.status_code >= 500 and reply["code"] in UNKNOWN_CODES:
        return Answer.UNKNOWN, reply
    if response.status_code == 500:
        raise BrokenPromise(f"{response.request.url} was answered 500")
    return Answer.REFUSED, reply


def _steps(queue: list[dict[str, Any]]) -> tuple[Step, ...]:
    return tuple(Step(item["type"], item["demolish"]) for item in queue)
