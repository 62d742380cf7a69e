"""A world replayed from its beginning, and what a kill has left held against it, bit for bit.

The replay knows the commands of the log and their instants, nothing else: nobody saves it, asks it,
ticks it or kills it. What lies on the disk after a kill is loaded and brought up to the same
instant; then every column must be the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.command_log import command_of
from core.commands import Accepted, Command
from core.components import LOGGED_COMMAND, MESSAGE, PLANET, LoggedCommand
from core.config import Settings
from core.ecs import Kind, World
from core.ecs.table import AnyArray, Table
from core.game import GameWorld
from core.loading import build_game
from core.metrics import Metrics
from core.persistence.worlds import LoadedWorld
from core.save_batch import SaveBatch, SaveReceipt, WorldClock
from core.sound_world import unsound
from tests.manual_clock import ManualClock

_DIFFERENCES_MAX = 12
_MADE_BY_EVENTS = (MESSAGE,)
_SETTINGS = Settings(command_log=True)
_METRICS = Metrics(tick_ring_capacity=1, save_ring_capacity=1)


class BrokenPromise(AssertionError):
    """The program has lost or doubled something, or broken a law of the world."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the command log."""

    number: int
    at: float
    command: Command


@dataclass(frozen=True, slots=True)
class UsedUp:
    """Ids of planets that somebody used up after an entry of the log, while nothing ran."""

    after: int
    count: int


def log_of(loaded: LoadedWorld) -> list[Entry]:
    """Return the command log of a world on disk, in its order."""
    table = loaded.tables[LOGGED_COMMAND]
    columns = [table.columns[f"LoggedCommand.{name}"].tolist() for name in ("at", "command")]
    arguments = table.columns["LoggedCommand.arguments"].tolist()
    return [
        Entry(number, at, command_of(LoggedCommand(at, command, text)))
        for number, at, command, text in zip(table.ids.tolist(), *columns, arguments, strict=True)
    ]


class Replay:
    """A world to which nothing happens but the commands of a log."""

    def __init__(self, beginning: LoadedWorld) -> None:
        self._clock = ManualClock()
        self._game = opened(beginning, self._clock)
        self._carried_out = 0
        self._used_up = 0

    @property
    def world(self) -> World:
        return self._game.state.world

    def follow(self, log: Sequence[Entry], used_up: Sequence[UsedUp]) -> None:
        """Carry out what a log has more than the last time. Raise BrokenPromise if it cannot be."""
        for entry in log[self._carried_out :]:
            self._use_up(used_up, before=entry.number)
            self._carry_out(entry)
        self._carried_out = len(log)
        self._use_up(used_up, before=math.inf)

    def advance(self, until: float) -> None:
        self._game.advance(until)

    def _carry_out(self, entry: Entry) -> None:
        self._clock.set(entry.at)
        # Numbers are missing where the database has refused a command.
        self.world.next_id[LOGGED_COMMAND] = entry.number
        executed = self._game.execute(entry.command)
        if not (isinstance(executed.outcome, Accepted) and executed.changed):
            raise BrokenPromise(f"{entry} cannot have changed anything: {executed.outcome}")
        if self._game.time != entry.at:
            raise BrokenPromise(f"{entry} comes after {self._game.time!r}")

    def _use_up(self, used_up: Sequence[UsedUp], before: float) -> None:
        while self._used_up < len(used_up) and used_up[self._used_up].after < before:
            self.world.next_id[PLANET] += used_up[self._used_up].count
            self._used_up += 1


class Verifier:
    """Holds what lies on the disk against a replay that goes on from kill to kill.

    Numbers may be missing from the log if there are `gaps`: where the database refuses rows. What
    an event made that was refused has another id when it comes again, and is known by the rest.
    """

    def __init__(self, beginning: LoadedWorld, *, gaps: bool = False) -> None:
        if beginning.clock is None or log_of(beginning):
            raise ValueError("this is not the beginning of a world")
        self.log: list[Entry] = []
        self._beginning = beginning
        self._gaps = gaps
        self._clock = beginning.clock
        self._used_up: list[UsedUp] = []
        self._replay = Replay(beginning)

    def check(self, loaded: LoadedWorld, until: float) -> None:
        """Check what a kill has left, brought up to `until`. Raise BrokenPromise.

        What is carried out later has a later instant than `until`.
        """
        if loaded.clock is None:
            raise BrokenPromise("the world is gone")
        for broken in unsound(loaded):
            raise BrokenPromise(broken)
        log = log_of(loaded)
        self._check_clock(loaded.clock)
        self._check_log(log, loaded.clock)
        if log[: len(self.log)] != self.log:
            # What was refused for a while has come to its place.
            self._replay = Replay(self._beginning)
        self.log, self._clock = log, loaded.clock
        self._compare(self._replay, loaded, until)

    def check_from_the_beginning(self, loaded: LoadedWorld, until: float) -> None:
        """Check once more what was checked last, against one replay of the whole log."""
        self._compare(Replay(self._beginning), loaded, until)

    def use_up_planet_ids(self, count: int) -> None:
        """Take note that ids were used up on the disk, while nothing runs."""
        last = self.log[-1].number if self.log else 0
        self._used_up.append(UsedUp(last, count))

    def _check_clock(self, clock: WorldClock) -> None:
        if clock.world_time < self._clock.world_time or clock.tick < self._clock.tick:
            raise BrokenPromise(f"time fell from {self._clock} to {clock}")
        for name, number in self._clock.next_ids.items():
            if clock.next_ids[name] < number:
                raise BrokenPromise(f"the next {name} fell from {self._clock} to {clock}")

    def _check_log(self, log: Sequence[Entry], clock: WorldClock) -> None:
        numbers = [entry.number for entry in log]
        instants = [entry.at for entry in log]
        if not self._gaps and numbers != list(range(1, len(log) + 1)):
            raise BrokenPromise(f"numbers are missing from the log: {numbers}")
        if any(not earlier < later for earlier, later in pairwise(instants)):
            raise BrokenPromise(f"two commands have the same instant, or the wrong ones: {log}")
        if log and log[-1].at > clock.world_time:
            raise BrokenPromise(f"{log[-1]} comes after the time of the world, {clock}")
        there = {entry.number: entry for entry in log}
        for entry in self.log:
            if there.get(entry.number) != entry:
                raise BrokenPromise(f"{entry} was kept and is {there.get(entry.number)} now")

    def _compare(self, replay: Replay, loaded: LoadedWorld, until: float) -> None:
        assert loaded.clock is not None
        replay.follow(self.log, self._used_up)
        game = opened(loaded, ManualClock(until))
        game.advance(until)
        replay.advance(until)
        unnumbered = _MADE_BY_EVENTS if self._gaps else ()
        if found := list(differences(game.state.world, replay.world, unnumbered)):
            first = f"brought up to {until!r}, the file differs from {len(self.log)} commands:"
            raise BrokenPromise("\n  ".join((first, *found[:_DIFFERENCES_MAX])))
        self._compare_counters(game.state.world, replay.world)

    def _compare_counters(self, here: World, there: World) -> None:
        for kind, number in there.next_id.items():
            if self._gaps and kind in (LOGGED_COMMAND, *_MADE_BY_EVENTS):
                continue
            if here.next_id[kind] != number:
                raise BrokenPromise(f"the next {kind.name} is {number}, not {here.next_id[kind]}")


def opened(loaded: LoadedWorld, clock: ManualClock) -> GameWorld:
    """Return a world that was loaded, as a start would, and that nobody saves."""
    return build_game(loaded, _SETTINGS, clock, _METRICS, _save_nothing)


def _save_nothing(batch: SaveBatch) -> Future[SaveReceipt]:
    raise AssertionError(f"nobody saves this world, but here is {batch}")


def differences(here: World, there: World, unnumbered: Collection[Kind] = ()) -> Iterator[str]:
    """Yield in words where two worlds differ, in any bit of any column; of some but for the id."""
    for kind in here.kinds:
        differ = _differences_without_ids if kind in unnumbered else _differences_of
        yield from differ(kind, here.tables[kind], there.tables[kind])


def _differences_without_ids(kind: Kind, here: Table, there: Table) -> Iterator[str]:
    ours, theirs = (
        Counter(
            tuple(table.get(entity_id, field.key) for field in table.fields)
            for entity_id in table.ids.tolist()
        )
        for table in (here, there)
    )
    for row, count in ((ours - theirs) + (theirs - ours)).items():
        yield f"{kind.name} {row} is in one of them alone, {count} times"


def _differences_of(kind: Kind, here: Table, there: Table) -> Iterator[str]:
    ids = np.sort(here.ids)
    if not np.array_equal(ids, np.sort(there.ids)):
        one_alone = np.setxor1d(ids, there.ids).tolist()
        yield f"{kind.name} {one_alone} are in one of them alone"
        return
    rows_here, rows_there = here.rows(ids), there.rows(ids)
    for field in here.fields:
        ours, theirs = here.array(field.key)[rows_here], there.array(field.key)[rows_there]
        differs = _bits(ours) != _bits(theirs)
        for entity_id in ids[np.unique(np.nonzero(differs)[0])].tolist():
            values = [table.get(entity_id, field.key) for table in (here, there)]
            yield f"{kind.name} {entity_id}: {field.key} is {values[0]!r}, not {values[1]!r}"


def _bits(column: AnyArray) -> AnyArray:
    # A number that is none differs from itself, and 0.0 does not from -0.0.
    return column.view(np.int64) if column.dtype == np.float64 else column
