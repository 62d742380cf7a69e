"""A world on a manual clock whose power is cut again and again, and what it then has on disk.

Commands, questions, ticks and saves come in any order; saves succeed, fail, fail though they were
committed, and rows are refused. After each cut the disk must hold the world of the commands in its
log, and among these every one that was acknowledged.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from core import loading
from core.commands import (
    Accepted,
    AcceptOffer,
    AdoptRules,
    CancelBuilding,
    CancelOffer,
    CancelResearch,
    ChangePlanet,
    ChangeSettings,
    Command,
    CreateOffer,
    DemolishBuilding,
    FoundHome,
    Once,
    PlainCommand,
    ReleaseSetAside,
    RequestKey,
    SelectPlanet,
    StartBuilding,
    StartResearch,
)
from core.components import BUILDINGS, LOGGED_COMMAND, PLANET, SLIDERS, TECHNOLOGIES
from core.config import Settings
from core.game import GameWorld
from core.metrics import Metrics
from core.queries import ListWorldPlanets, ReportPlanet
from core.save_batch import SaveReason
from tests.manual_clock import ManualClock
from tests.replay import BrokenPromise, Verifier
from tests.store import ManualStore
from tests.worlds import loaded_from, new_game

PLAYERS = range(1, 5)
SAVE_INTERVAL_S = 10.0
PROGRAM: dict[str, Any] = {
    "command_log": True,
    "save_interval_seconds": SAVE_INTERVAL_S,
    "persist_interval_seconds": 2.5 * SAVE_INTERVAL_S,
}
NEW_WORLD: dict[str, Any] = {
    "galaxies": 1,
    "systems": 2,
    "economy_speed": 40.0,
    "starter_metal": 5_000.0,
    "starter_crystal": 5_000.0,
    "starter_deuterium": 5_000.0,
    "market_fee_percent": 5.0,
}
LATER_S = (0.05, 0.9, 11.0, 300.0, 40_000.0)
OFF_S = (0.0, 5.0, 5_000.0)
ACTIONS_MAX = 60
ABANDONED_PLANETS = 3
OFFERS_TRIED = 40


@dataclass(slots=True)
class Report:
    """What a series of cuts came to."""

    cuts: int = 0
    commands: int = 0
    acknowledged: int = 0
    failures: int = 0
    refusals: int = 0


@dataclass(slots=True)
class _Promise:
    """The answer to a command of the log."""

    number: int
    is_promise: bool = field(default=True, init=False)
    is_kept: bool = field(default=False, init=False)

    def release(self, *, kept: bool) -> None:
        self.is_kept = kept

    def abandon(self) -> None:
        raise AssertionError("nobody gives up here")

    def refuse(self) -> None:
        """It is not kept, and nobody says that it is."""


class PowerCuts:
    """Lets things happen to a world, cuts the power and looks at the disk."""

    # Whether the database refuses rows now and then.
    refuses = True

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.report = Report()
        self._metrics = Metrics(tick_ring_capacity=10, save_ring_capacity=10)
        self._clock = ManualClock()
        self._store = ManualStore()
        self._settings = Settings(**PROGRAM)
        self._game = self._new_game()
        self._verifier = Verifier(loaded_from(self._store), gaps=self.refuses)
        self._promises: list[_Promise] = []

    def _new_game(self) -> GameWorld:
        """Return a world that was just made and is on the disk."""
        self._game = new_game(self._clock, self._store, self._metrics, **PROGRAM, **NEW_WORLD)
        self._take_over()
        self._game.pump(after_tick=False)
        self._store.commit()
        self._game.writer.take_completions()
        return self._game

    def run(self, cuts: int) -> Report:
        """Cut the power so often. Raise BrokenPromise."""
        actions: dict[Callable[[], None], int] = {
            self._order: 16,
            self._tick: 4,
            self._pump: 6,
            self._end_a_batch: 4,
            self._ask: 1,
            self._save: 1,
            self._begin_to_refuse: int(self.refuses),
            self._relent: int(self.refuses),
        }
        for _ in range(cuts):
            count = self.dice.randint(1, ACTIONS_MAX)
            for act in self.dice.choices(list(actions), list(actions.values()), k=count):
                act()
            self._cut()
        self._verifier.check_from_the_beginning(loaded_from(self._store), self._clock.now())
        self.report.commands = len(self._verifier.log)
        return self.report

    def _start(self) -> None:
        # By its module: a mutation may have taken the place of the function.
        self._game = loading.build_game(
            loaded_from(self._store), self._settings, self._clock, self._metrics, self._store.submit
        )
        self._game.catch_up(self._clock.now(), lambda applied, left: None)
        self._take_over()

    def _take_over(self) -> None:
        self._game.attach(lambda: None)
        self._next_save = self._clock.monotonic() + SAVE_INTERVAL_S

    # What happens --------------------------------------------------------------------------

    def _order(self) -> None:
        plain = self._any_command()
        command: Command = plain
        if self._store.refusing and isinstance(plain, FoundHome | CreateOffer):
            # An id that the database has never seen would be missing from the replay.
            return
        if not self._store.refusing and self.dice.random() < 0.3:
            command = Once(RequestKey(1, self.dice.choice("abcdef"), 1), plain)
        executed = self._game.execute(command)
        if getattr(executed.outcome, "code", "") == "failed":
            raise BrokenPromise(f"{command} failed")
        if executed.changed:
            promise = _Promise(self._game.state.world.next_id[LOGGED_COMMAND] - 1)
            self._promises.append(promise)
            self._game.writer.hold(promise, executed.changes)

    def _any_command(self) -> PlainCommand:
        return _any_command(self.dice)

    def _tick(self) -> None:
        self._clock.advance(self.dice.choice(LATER_S))
        self._game.tick += 1
        self._game.advance(self._clock.now())
        while self._next_save <= self._clock.monotonic():
            self._next_save += SAVE_INTERVAL_S
            self._game.writer.begin_slot()
            self._game.writer.request(SaveReason.PERIODIC)
        self._game.pump(after_tick=True)

    def _pump(self) -> None:
        self._game.pump(after_tick=False)

    def _end_a_batch(self) -> None:
        if not self._store.waiting:
            return
        match self.dice.choice(("well", "well", "badly", "falsely")):
            case "well":
                batch = self._store.commit()
                self.report.refusals += bool(self._store.refusing and batch.rows)
            case how:
                self._store.fail(committed=how == "falsely")
                self.report.failures += 1
                # Past the delay after which it is tried again.
                self._clock.advance(3.0)
        self._game.writer.take_completions()

    def _ask(self) -> None:
        self._game.ask(ReportPlanet(self.dice.choice(PLAYERS)))
        self._game.ask(ListWorldPlanets(10))

    def _save(self) -> None:
        self._game.save_player_data()

    def _begin_to_refuse(self) -> None:
        planet_ids = self._game.state.world.tables[PLANET].ids.tolist()
        if planet_ids and self._every_id_is_on_disk():
            self._store.refusing.add((PLANET.name, self.dice.choice(planet_ids)))

    def _every_id_is_on_disk(self) -> bool:
        clock, counters = self._store.clock, self._game.state.world.next_id
        return clock is not None and all(
            clock.next_ids[kind.name] == number
            for kind, number in counters.items()
            if kind is not LOGGED_COMMAND
        )

    def _relent(self) -> None:
        self._store.refusing.clear()
        for group in self._game.quarantine:
            outcome = self._game.execute(ReleaseSetAside(group.id)).outcome
            assert isinstance(outcome, Accepted)

    # The end of it -------------------------------------------------------------------------

    def _cut(self) -> None:
        self.report.cuts += 1
        self._store.lose()
        self._store.refusing.clear()
        self._verifier.check(loaded_from(self._store), self._clock.now())
        there = {entry.number for entry in self._verifier.log}
        for promise in self._promises:
            if promise.is_kept and promise.number not in there:
                raise BrokenPromise(f"command {promise.number} was acknowledged and is gone")
        self.report.acknowledged += sum(promise.is_kept for promise in self._promises)
        self._promises.clear()
        if self.dice.random() < 0.3:
            self._abandon_planets()
        self._clock.advance(self.dice.choice(OFF_S))
        self._start()

    def _abandon_planets(self) -> None:
        """Use up ids as planets do that are founded, saved and abandoned."""
        clock = self._store.clock
        assert clock is not None
        used_up = {PLANET.name: clock.next_ids[PLANET.name] + ABANDONED_PLANETS}
        self._store.clock = replace(clock, next_ids={**clock.next_ids, **used_up})
        self._verifier.use_up_planet_ids(ABANDONED_PLANETS)


def _any_command(dice: random.Random) -> PlainCommand:
    """Return what somebody may ask for, sensible or not."""
    player_id = dice.choice(PLAYERS)
    often = ("metal_mine", "solar_plant", "crystal_mine", "research_lab")
    building = dice.choice((*often, *often, *dice.choices((*BUILDINGS.labels, "palace"), k=4)))
    technology = dice.choice(("energy", "computer", dice.choice(TECHNOLOGIES.labels)))
    slider = {dice.choice(SLIDERS.labels): dice.choice((0, 55, 100))}
    place = (1, dice.randint(1, 3), dice.randint(3, 13))
    speed = {"economy_speed": dice.choice((20.0, 40.0, 60.0))}
    amount, stands_s = dice.choice((0, 10, 300)), dice.choice((None, 100.0))
    choices: list[tuple[int, PlainCommand]] = [
        (3, FoundHome(player_id, "somebody", dice.choice((None, place)))),
        (20, StartBuilding(player_id, building)),
        (1, StartBuilding(player_id, building, dice.randint(0, 5))),
        (3, DemolishBuilding(player_id, building)),
        (3, CancelBuilding(player_id, dice.randint(-1, 3))),
        (4, StartResearch(player_id, technology)),
        (1, CancelResearch(player_id, dice.randint(-1, 3))),
        (1, ChangePlanet(player_id, dice.randint(0, 5), dice.choice((None, "Elsewhere")), slider)),
        (1, SelectPlanet(player_id, dice.randint(0, 5))),
        (3, CreateOffer(player_id, "metal", amount, "crystal", amount, expires_in_s=stands_s)),
        (3, AcceptOffer(player_id, dice.randint(1, OFFERS_TRIED))),
        (1, CancelOffer(player_id, dice.randint(1, OFFERS_TRIED))),
        (1, ChangeSettings(speed)),
        (1, ChangeSettings({"galaxies": dice.randint(1, 3)})),
        (1, AdoptRules(dice.randint(1, 3))),
    ]
    weights = [weight for weight, _ in choices]
    return dice.choices([command for _, command in choices], weights)[0]
