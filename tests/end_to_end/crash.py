"""Kills the program again and again while players order, and looks whether it kept its word.

Each player writes down what he was answered: accepted, refused, or nothing (the connection broke,
or the answer said that the commit is pending). After each kill a copy of the file is opened, as it
lies there, and after each restart every player looks at his planet: what was accepted must be there
exactly once, what was refused not at all, what was not answered once or not at all.

Every other player sends keys. He repeats what was not answered, after the restart and with the same
key, until it is: then it must be there once. And he repeats now and then what was answered, which
must get him the same answer and do nothing.

The program keeps a log of the commands that it carried out. What lies in the file is held against a
replay of the log, bit for bit (tests/replay.py), and the log against what the players were told.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import sqlite3
import ssl
import tempfile
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np

from core.building_queue import Step
from core.commands import (
    CancelBuilding,
    Command,
    DemolishBuilding,
    FoundHome,
    Once,
    StartBuilding,
)
from core.components import BUILDINGS, KINDS, PLANET, RESOURCES, Buildings, BuildQueue, Ledger
from core.ecs import Kind
from core.invariants import violations
from core.models.database import WORLD_TABLES
from core.persistence.columns import stored_columns
from core.persistence.worlds import LoadedTable, LoadedWorld
from core.rules import RULES
from core.save_batch import WorldClock
from tests.end_to_end.expectation import NO_LEVELS, NOTHING, Expectation, Found, next_price
from tests.end_to_end.program import Program, wait_for_url, wait_until
from tests.end_to_end.warm_start import HostingProcess, WarmStart
from tests.replay import BrokenPromise, Verifier

# A world in which an order takes a second, stores fill up within a minute and nothing is too dear.
ENVIRONMENT = {
    "COMMAND_LOG": "true",
    "RATE_LIMIT_PER_MINUTE": "1000000",
    "STARTER_METAL": "9000",
    "STARTER_CRYSTAL": "9000",
    "STARTER_DEUTERIUM": "9000",
    "BASIC_INCOME_METAL": "6000",
    "BASIC_INCOME_CRYSTAL": "5000",
    "BASIC_INCOME_DEUTERIUM": "4000",
}
# Another speed is a command, the first of a start, and revalues every planet.
SPEEDS = ("1000", "800")
FIRST_PLAYERS = 16
NEWCOMERS_PER_ROUND = 1
PLAYERS_MAX = 40
REQUEST_TIMEOUT_S = 30.0
# Others need something: what is needed would be dropped from a queue without a word.
ORDERED = tuple(name for name in BUILDINGS.labels if not RULES.buildings[name].requires)
# An order is given only where everything queued could be paid this many times over: then nothing is
# dropped, and what was accepted can only be there or be lost.
RESERVE = 3
ORDERS_PER_ROUND = 30
# After these orders the kill comes at any moment within this time.
EXTRA_S_MAX = 0.5
ROUND_S_MAX = 15.0
PATIENCE_S = 30.0
HISTORY_LENGTH = 12
ANSWERS_REPEATED = 5
WORDS_MAX = 100
# More than are founded in a round: to give their ids out again makes the counter fall.
ABANDONED_PLANETS = 10
# Made once, although nothing is encrypted: it takes longer than a player takes to log in.
_SSL_CONTEXT = ssl.create_default_context()
# 503 and 504 that do not say "nothing was done".
UNKNOWN_CODES = {"commit_pending", "not_saved", "failed"}
# Refusals that say nothing of what became of the same request before.
SAYS_NOTHING = {"stopping", "storage_unavailable", "busy"}


class Moment(Enum):
    """When the program is killed."""

    RUNNING = "while everybody orders"
    STOPPING = "in its final save"
    STARTING = "while it starts"


# Of ten kills six are in full swing, two in the final save and two at the start.
MOMENTS = (
    Moment.RUNNING,
    Moment.STOPPING,
    Moment.RUNNING,
    Moment.STARTING,
    Moment.RUNNING,
)


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
            base_url=url, timeout=REQUEST_TIMEOUT_S, verify=_SSL_CONTEXT, trust_env=False
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


# The file as the kill left it ---------------------------------------------------------------------


@dataclass(slots=True)
class Counters:
    """The highest numbers that were ever seen in the file."""

    next_ids: dict[str, int] = field(default_factory=dict)
    user_id: int = 0

    def check(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM world_clock").fetchone() or {})
        for kind in KINDS:
            name = f"next_{kind.name}_id"
            if row.get(name, 0) < self.next_ids.get(name, 0):
                raise BrokenPromise(f"{name} fell from {self.next_ids[name]} to {row.get(name)}")
            self.next_ids[name] = row.get(name, 0)
        (user_id,) = connection.execute("SELECT coalesce(max(id), 0) FROM users").fetchone()
        if user_id < self.user_id:
            raise BrokenPromise(f"account {self.user_id} is gone")
        self.user_id = user_id


@contextmanager
def copy_of(database: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of a database that nobody closed: to open it is to repair it."""
    with tempfile.TemporaryDirectory(prefix="starkeep-crash-") as folder:
        for suffix in ("", "-wal"):
            file = database.with_name(database.name + suffix)
            if file.exists():
                shutil.copy(file, folder)
        with closing(sqlite3.connect(Path(folder) / database.name)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection


def check_laws(connection: sqlite3.Connection) -> None:
    """Check what is true of every file, whatever happened."""
    sound = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    if sound != ["ok"]:
        raise BrokenPromise(f"the file is damaged: {sound}")
    if orphans := connection.execute("PRAGMA foreign_key_check").fetchall():
        raise BrokenPromise(f"{len(orphans)} rows refer to rows that are not there")
    for kind in KINDS:
        ids, columns = columns_of(connection, kind)
        for violation in violations(kind, columns):
            raise BrokenPromise(f"{kind.name} {ids[violation.row]}: {violation.reason}")


def columns_of(connection: sqlite3.Connection, kind: Kind) -> tuple[list[int], dict[str, Any]]:
    """Return the rows of a kind as the program would have them in memory."""
    rows = connection.execute(f"SELECT * FROM {WORLD_TABLES[kind].name} ORDER BY id").fetchall()
    columns: dict[str, Any] = {}
    for stored in stored_columns(kind):
        column = columns.setdefault(stored.field.key, stored.field.empty(len(rows)))
        values = stored.decode([row[stored.name] for row in rows])
        (column if stored.place is None else column[:, stored.place])[...] = values
    return [row["id"] for row in rows], columns


def loaded_from(connection: sqlite3.Connection) -> LoadedWorld:
    """Return the world in a file as a start would load it; the clock of none is None."""
    connection.row_factory = sqlite3.Row
    # All of it as of one instant, if the program is running.
    connection.execute("BEGIN")
    clock = connection.execute("SELECT * FROM world_clock").fetchone()
    tables = {}
    for kind in KINDS:
        ids, columns = columns_of(connection, kind)
        tables[kind] = LoadedTable(np.array(ids, dtype=np.int64), columns)
    connection.rollback()
    if clock is None:
        return LoadedWorld(None, tables, ())
    next_ids = {kind.name: clock[f"next_{kind.name}_id"] for kind in KINDS}
    return LoadedWorld(WorldClock(clock["world_time"], clock["tick"], next_ids), tables, ())


def planets_by_owner(connection: sqlite3.Connection) -> dict[int, Found]:
    _, columns = columns_of(connection, PLANET)
    return {
        owner_id: Found(
            tuple(levels),
            tuple(
                Step(BUILDINGS.labels[abs(code) - 1], demolish=code < 0) for code in queue if code
            ),
            tuple(spent),
        )
        for owner_id, levels, queue, spent in zip(
            columns["Planet.owner_id"].tolist(),
            columns[f"{Buildings.__name__}.level"].tolist(),
            columns[f"{BuildQueue.__name__}.queued"].tolist(),
            columns[f"{Ledger.__name__}.spent"].tolist(),
            strict=True,
        )
    }


def keys_by_account(connection: sqlite3.Connection) -> dict[int, set[str]]:
    """Return the keys of the requests whose answers lie in the file."""
    keys: dict[int, set[str]] = {}
    for row in connection.execute("SELECT account_id, request_key FROM remembered_answers"):
        keys.setdefault(row["account_id"], set()).add(row["request_key"])
    return keys


# The rounds ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Report:
    """What a series of kills came to."""

    kills: Counter[Moment] = field(default_factory=Counter)
    told: Counter[Answer] = field(default_factory=Counter)
    repeated: Counter[Answer] = field(default_factory=Counter)
    players: int = 0
    log_length: int = 0

    def __str__(self) -> str:
        told = ", ".join(
            f"{self.told[answer]} {answer.value} ({self.repeated[answer]} repeated)"
            for answer in Answer
        )
        kills = ", ".join(f"{count} {moment.value}" for moment, count in self.kills.items())
        return (
            f"{self.kills.total()} kills ({kills}); {self.players} players; orders: {told};"
            f" {self.log_length} commands in the log"
        )


class Driver:
    """Starts the program, lets everybody play, kills it and checks; again and again."""

    def __init__(
        self,
        data_dir: Path,
        seed: int,
        program: WarmStart,
    ) -> None:
        self.dice = random.Random(seed)
        self._seed = seed
        self.players = [self._newcomer(number) for number in range(FIRST_PLAYERS)]
        self.report = Report()
        self._data_dir = data_dir
        self._program = program
        self._counters = Counters()
        self._start_s = 1.0
        self._verifier: Verifier | None = None
        self._doing = "nothing yet"

    def run(self, kills: int) -> Report:
        """Kill the program so often, then start it once more. Raise BrokenPromise."""
        try:
            for number in range(kills):
                self._doing = f"kill {number + 1}: {MOMENTS[number % len(MOMENTS)].value}"
                self._round(MOMENTS[number % len(MOMENTS)])
            self._doing = "after the last kill"
            with self._hosting() as program:
                asyncio.run(self._visit(program.url))
                if (exit_code := program.stop()) != 0:
                    raise BrokenPromise(f"the program ended with {exit_code}")
            self._check_file()
            self._check_from_the_beginning()
        except BaseException as error:
            error.add_note(self.account())
            raise
        self._sum_up()
        return self.report

    def _round(self, moment: Moment) -> None:
        if moment is Moment.STARTING:
            self._kill_at_start()
        else:
            with self._hosting() as program:
                asyncio.run(self._play(program, moment))
        self.report.kills[moment] += 1
        self._check_file()
        if len(self.players) < PLAYERS_MAX:
            self.players += [self._newcomer(len(self.players)) for _ in range(NEWCOMERS_PER_ROUND)]
        if self.dice.random() < 0.3:
            self._abandon_planets()

    @contextmanager
    def _hosting(self) -> Iterator[Program]:
        begun_at = time.monotonic()
        with self._starting() as process:
            url = wait_for_url(process)
            self._start_s = time.monotonic() - begun_at
            self._see_the_beginning()
            yield Program(process, url)

    def _starting(self) -> AbstractContextManager[HostingProcess]:
        speed = self.dice.choice(SPEEDS)
        return self._program.starting(self._data_dir, "--speed", speed, env=ENVIRONMENT)

    def _kill_at_start(self) -> None:
        with self._starting() as process:
            time.sleep(self.dice.uniform(0, self._start_s))
            process.kill()

    async def _play(self, program: Program, moment: Moment) -> None:
        # The last to come may be killed while they register; the others play by then.
        settled = self.players[: len(self.players) - NEWCOMERS_PER_ROUND]
        async with self._connected(program.url):
            await self._look_at_all()
            await asyncio.gather(*(_patiently(player.come_in) for player in settled))
            async with _playing(self.players) as playing:
                await self._wait_for_orders(playing)
                extra_s = self.dice.uniform(0, EXTRA_S_MAX)
                self._doing += f", {extra_s:.3f} s after enough orders"
                await asyncio.sleep(extra_s)
                if moment is Moment.STOPPING:
                    program.process.send_signal(signal.SIGTERM)
                    await asyncio.sleep(self.dice.uniform(0, 0.1))
                program.kill()
                await asyncio.gather(*playing)

    async def _visit(self, url: str) -> None:
        async with self._connected(url):
            await self._look_at_all()

    async def _wait_for_orders(self, playing: Sequence[asyncio.Task[None]]) -> None:
        """Wait until so many orders were accepted that a kill has something to break."""
        enough = self._accepted() + ORDERS_PER_ROUND
        give_up_at = time.monotonic() + ROUND_S_MAX
        while self._accepted() < enough and time.monotonic() < give_up_at:
            if all(task.done() for task in playing):
                return
            await asyncio.sleep(0.01)

    def _accepted(self) -> int:
        return sum(player.told[Answer.ACCEPTED] for player in self.players)

    @asynccontextmanager
    async def _connected(self, url: str) -> AsyncIterator[None]:
        for player in self.players:
            player.connect(url)
        try:
            yield
        finally:
            await asyncio.gather(*(player.disconnect() for player in self.players))

    async def _look_at_all(self) -> None:
        known = (player for player in self.players if player.token is not None)
        await asyncio.gather(*(_patiently(player.look) for player in known))

    def _sum_up(self) -> None:
        self.report.players = sum(player.is_registered is True for player in self.players)
        self.report.told = sum((player.told for player in self.players), Counter())
        self.report.repeated = sum((player.repeated for player in self.players), Counter())
        self.report.log_length = 0 if self._verifier is None else len(self._verifier.log)

    def account(self) -> str:
        """Return all that is known of how it went so far."""
        stderr = self._data_dir.with_name("stderr.txt")
        words = stderr.read_text(errors="replace").splitlines() if stderr.exists() else []
        self._sum_up()
        return "\n".join(
            (
                f"seed {self._seed}, {self._doing}; {self.report}",
                *(player.account() for player in self.players),
                f"the program's last words of {len(words)} lines:",
                *words[-WORDS_MAX:],
            )
        )

    def _check_file(self) -> None:
        with copy_of(self._data_dir / "world.db") as connection:
            check_laws(connection)
            self._counters.check(connection)
            loaded = loaded_from(connection)
            planets, keys = planets_by_owner(connection), keys_by_account(connection)
        for player in self.players:
            player.check_file(planets, keys)
        verifier = self._known_verifier
        verifier.check(loaded, _until(loaded))
        log = [plain(entry.command) for entry in verifier.log]
        for player in self.players:
            player.check_log(log)

    def _check_from_the_beginning(self) -> None:
        with copy_of(self._data_dir / "world.db") as connection:
            loaded = loaded_from(connection)
        self._known_verifier.check_from_the_beginning(loaded, _until(loaded))

    @property
    def _known_verifier(self) -> Verifier:
        assert self._verifier is not None, "nobody has seen the beginning of the world"
        return self._verifier

    def _see_the_beginning(self) -> None:
        """Keep the world that the first start has made, before anybody comes into it."""
        if self._verifier is None:
            beginning = wait_until("the new world is saved", self._saved_world)
            self._verifier = Verifier(beginning)

    def _saved_world(self) -> LoadedWorld | None:
        uri = (self._data_dir / "world.db").as_uri()
        with closing(sqlite3.connect(f"{uri}?mode=ro", uri=True)) as connection:
            loaded = loaded_from(connection)
        return None if loaded.clock is None else loaded

    def _abandon_planets(self) -> None:
        """Use up ids as planets do that are founded, saved and abandoned."""
        with closing(sqlite3.connect(self._data_dir / "world.db")) as connection:
            connection.execute(
                "UPDATE world_clock SET next_planet_id = next_planet_id + ?", (ABANDONED_PLANETS,)
            )
            connection.commit()
            self._counters.check(connection)
        self._known_verifier.use_up_planet_ids(ABANDONED_PLANETS)

    def _newcomer(self, number: int) -> Player:
        dice = random.Random(self.dice.random())
        return Player(f"player{number}", dice, sends_keys=number % 2 == 1)


@asynccontextmanager
async def _playing(players: Sequence[Player]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Have everybody play until the end of the block, and nobody after it."""
    tasks = [asyncio.create_task(player.play()) for player in players]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _patiently(act: Callable[[], Awaitable[None]]) -> None:
    """Do what nobody is killed in; who is not answered tries again, as he does after a kill."""
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            await act()
        except Disconnected as error:
            if time.monotonic() >= give_up_at:
                raise BrokenPromise(f"the program runs and does not answer: {error}") from error
            await asyncio.sleep(0.05)
        else:
            return


def plain(command: Command) -> Command:
    """Return what is to be done, with or without a key."""
    return command.command if isinstance(command, Once) else command


def _until(loaded: LoadedWorld) -> float:
    """Return an instant that no command comes before that is carried out later."""
    assert loaded.clock is not None
    return max(time.time(), loaded.clock.world_time)
