"""Somebody with ships who flies, fights, trades and researches while the program is killed.

What he orders reaches far: the replay of the log (tests/replay.py) says what must have come of it,
to the last bit, and he himself says what must be in the log.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.api.passwords import Passwords
from core.commands import (
    AcceptOffer,
    Command,
    CreateOffer,
    DispatchFleet,
    OrderUnits,
    RecallFleet,
    StartResearch,
)
from core.components import PLANET, PLAYER
from core.persistence import accounts
from core.persistence.single_session import NewAccount
from core.persistence.worlds import write_batch
from tests.databases import open_database
from tests.end_to_end.crash_player import Answer, Disconnected, Player
from tests.end_to_end.expectation import Found
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.test_fleet_laws import AT_HOME, DEFENCE, FLYING, HOMES, populate
from tests.worlds import new_game, set_up

CAPTAINS = tuple(f"captain{player_id}" for player_id in HOMES)
LEVELS = {"robot_factory": 2, "shipyard": 2, "research_lab": 3, "missile_silo": 8}
# What is founded by an event has an id that a replay gives out at another moment than a kill does.
MISSIONS = {
    "transport": {"small_cargo": 1},
    "attack": {"cruiser": 1, "light_fighter": 2},
    "espionage": {"espionage_probe": 1},
    "hold": {"light_fighter": 1},
    "harvest": {"recycler": 1},
    "expedition": {"small_cargo": 2},
    "missiles": {"interplanetary_missile": 1},
}
DEEP_SPACE = (1, 1, 16)


@dataclass(slots=True)
class Captain(Player):
    """A player whose orders are fleets, units, offers and research; he sends no keys."""

    under_way: tuple[int, ...] = ()
    offers: tuple[int, ...] = ()
    ordered: dict[Answer, Counter[str]] = field(
        default_factory=lambda: {answer: Counter() for answer in Answer}
    )

    async def look(self) -> None:
        fleets = await self._get(f"/player/{self.id}/fleet")
        self.under_way = tuple(mission["id"] for mission in fleets["missions"])
        offers = (await self._get("/trade/offers"))["offers"]
        self.offers = tuple(offer["id"] for offer in offers)

    async def _order_something(self) -> None:
        path, body, command = self._choose_order()
        answer, _ = await self._ask("POST", path, body)
        self.ordered[answer][in_words(command)] += 1
        if answer is Answer.UNKNOWN:
            raise Disconnected

    def _choose_order(self) -> tuple[str, dict[str, Any], Command]:
        me, dice = self.known_id, self.dice
        kinds = [*[self._fly] * 6, self._build, self._study, self._offer]
        if self.under_way:
            kinds.append(self._recall)
        if self.offers:
            kinds += [self._accept, self._accept]
        return dice.choice(kinds)(me)

    def _fly(self, me: int) -> tuple[str, dict[str, Any], Command]:
        mission = self.dice.choice((*MISSIONS, "attack", "attack", "espionage"))
        others = [place for player_id, place in HOMES.items() if player_id != me]
        target = DEEP_SPACE if mission == "expedition" else self.dice.choice(others)
        cargo = {"metal": 40, "crystal": 7} if mission == "transport" else {}
        hours = int(mission in ("hold", "expedition"))
        body = {
            **dict(zip(("galaxy", "system", "position"), target, strict=True)),
            "mission": mission,
            "ships": MISSIONS[mission],
            "cargo": cargo,
            "hold_hours": hours,
        }
        command = DispatchFleet(me, mission, target, MISSIONS[mission], cargo, 10, hours)
        return f"/player/{me}/fleet/dispatch", body, command

    def _recall(self, me: int) -> tuple[str, dict[str, Any], Command]:
        fleet_id = self.dice.choice(self.under_way)
        return f"/player/{me}/fleet/{fleet_id}/recall", {}, RecallFleet(me, fleet_id)

    def _build(self, me: int) -> tuple[str, dict[str, Any], Command]:
        unit = self.dice.choice(("light_fighter", "rocket_launcher"))
        body = {"ship_type": unit, "quantity": 1}
        return f"/player/{me}/build-ships", body, OrderUnits(me, unit, 1)

    def _study(self, me: int) -> tuple[str, dict[str, Any], Command]:
        technology = self.dice.choice(("energy", "computer", "laser"))
        body = {"research_type": technology}
        return f"/player/{me}/research", body, StartResearch(me, technology)

    def _offer(self, me: int) -> tuple[str, dict[str, Any], Command]:
        amount = self.dice.choice((30, 50))
        body: dict[str, Any] = {
            "offered_resource": "metal",
            "offered_amount": amount,
            "requested_resource": "crystal",
            "requested_amount": 20,
        }
        command = CreateOffer(me, "metal", amount, "crystal", 20)
        return "/trade/offers", body, command

    def _accept(self, me: int) -> tuple[str, dict[str, Any], Command]:
        offer_id = self.dice.choice(self.offers)
        return f"/trade/accept/{offer_id}", {}, AcceptOffer(me, offer_id)

    def accepted_kinds(self) -> Counter[str]:
        """Return how many orders of each kind were accepted."""
        kinds: Counter[str] = Counter()
        for order, count in self.ordered[Answer.ACCEPTED].items():
            kinds[order.split()[0]] += count
        return kinds

    def check_file(self, planets: dict[int, Found], keys: dict[int, set[str]]) -> None:
        if self.known_id not in planets:
            raise self._broken("the home is gone")

    def check_log(self, log: Sequence[Command]) -> None:
        """Look whether every order that was accepted is in the log as often as it was given."""
        orders = (AcceptOffer, CreateOffer, DispatchFleet, OrderUnits, RecallFleet, StartResearch)
        mine = Counter(
            in_words(each) for each in log if isinstance(each, orders) and each.player_id == self.id
        )
        accepted, perhaps = self.ordered[Answer.ACCEPTED], self.ordered[Answer.UNKNOWN]
        for order in mine | accepted:
            if not accepted[order] <= mine[order] <= accepted[order] + perhaps[order]:
                expected = f"accepted {accepted[order]} times, {perhaps[order]} were not answered"
                raise self._broken(f"{order} is in the log {mine[order]} times, {expected}")


def in_words(command: Command) -> str:
    """Return a command as a text that is the same before and after it was in a log."""
    return f"{type(command).__name__} {json.dumps(asdict(command), sort_keys=True)}"


async def make_world_of_captains(database: Path) -> None:
    """Write a world in which the captains are, with ships, and nobody has ordered anything."""
    database.parent.mkdir(parents=True, exist_ok=True)
    store = ManualStore(at_once=True)
    game = new_game(ManualClock(time.time() - 60.0), store)
    populate(game)
    tables = game.state.world.tables
    for player_id, name in zip(HOMES, CAPTAINS, strict=True):
        tables[PLAYER].set(player_id, "Player.name", name)
    for planet_id in tables[PLANET].ids.tolist():
        ships = {name: 30 * count for name, count in AT_HOME.items()}
        known = FLYING | {"computer": 9, "energy": 2}
        set_up(game, planet_id, levels=LEVELS, units=ships | DEFENCE, technologies=known)
    assert game.save_player_data().done()
    with closing(Passwords()) as passwords:
        password_hash = await passwords.hash("password-1")
    async with open_database(database):
        for name in CAPTAINS:
            await accounts.register_account(NewAccount(name, f"{name}@b.c", password_hash))
        for batch in store.committed:
            await write_batch(batch, 0.0)


def prepare(data_dir: Path) -> None:
    asyncio.run(make_world_of_captains(data_dir / "world.db"))
