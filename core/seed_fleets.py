"""Fleets in flight in a seeded world: as if their owners had sent them some time ago.

Every law holds for them that holds for fleets that were sent: slots, tanks, room for cargo; what
was built, paid, loaded and left as debris is in the books of their owners.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.components import (
    DEBRIS,
    FLEET,
    FRIENDSHIP,
    HOLDING,
    MISSIONS,
    NO_PLANET,
    NO_UNIT,
    OUTBOUND,
    RESOURCES,
    RETURNING,
    TECHNOLOGIES,
    UNITS,
    Universe,
)
from core.ecs import Kind, fields_of
from core.ecs.table import AnyArray, Ids
from core.errors import StarkeepError
from core.flight_plan import FlightPlan, chart_by, plan_by
from core.rules import RULES
from core.rules.arithmetic import SECONDS_PER_HOUR
from core.rules.flight import TENTHS_MOST, fleet_slots
from core.rules.missions import TARGETS
from core.save_batch import TableRows
from core.seed_units import possible_units
from core.under_way import seed_of

# How many of a hundred fleets fly on which mission; where one is not possible it is a transport.
_MISSION_SHARES = {
    "transport": 32,
    "deploy": 14,
    "harvest": 12,
    "espionage": 16,
    "attack": 12,
    "hold": 14,
}
# The ships of a mission, those that are liked best first.
_SHIPS_FOR = {
    "transport": ("large_cargo", "small_cargo", "light_fighter", "espionage_probe"),
    "deploy": ("cruiser", "heavy_fighter", "large_cargo", "small_cargo", "light_fighter"),
    "harvest": ("recycler",),
    "espionage": ("espionage_probe",),
    "attack": ("cruiser", "heavy_fighter", "light_fighter"),
    "hold": ("cruiser", "heavy_fighter", "light_fighter", "small_cargo"),
}
_SHIPS = tuple(dict.fromkeys(name for names in _SHIPS_FOR.values() for name in names))
_SHIPS_MOST = 20
_RECALLED_SHARE = 0.08
_HOLD_HOURS_MOST = 8
_DEBRIS_MOST = 20_000
# How many planets away, in the order of places, a neighbour is at most.
_NEIGHBOURS = 60

Place = tuple[int, int, int]
Amounts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FleetSeed:
    """The rows of fleets, and of what they are under way to."""

    fleets: TableRows
    debris: TableRows
    friendships: TableRows

    @property
    def tables(self) -> tuple[TableRows, ...]:
        return self.friendships, self.fleets, self.debris


def make_fleets(
    count: int,
    players: TableRows,
    planets: TableRows,
    universe: Universe,
    now: float,
    generator: np.random.Generator,
    *,
    away_ids: Ids,
) -> FleetSeed:
    """Return fleets at some point of their ways; the owners' and planets' books are changed.

    Hostile ones fly to players in `away_ids`. Raise StarkeepError if the players have no slots, or
    no ships, for so many.
    """
    sender = _Sender(players, planets, universe, now, generator, away_ids)
    owners = sender.owners_of_slots()
    if len(owners) < count:
        raise StarkeepError(
            f"these players can have {len(owners)} fleets under way, and not {count}; take more"
            " players or planets"
        )
    for row in generator.permutation(owners)[:count].tolist():
        sender.send(row)
    return sender.sent()


class _Sender:
    """Sends fleets, one by one."""

    def __init__(
        self,
        players: TableRows,
        planets: TableRows,
        universe: Universe,
        now: float,
        generator: np.random.Generator,
        away_ids: Ids,
    ) -> None:
        self._players, self._planets, self._universe = players, planets, universe
        self._chart = chart_by(universe)
        self._now, self._generator = now, generator
        owners = planets.columns["Planet.owner_id"]
        self._owner_rows = np.searchsorted(players.ids, owners)
        self._places = np.stack(
            [planets.columns[f"Position.{part}"] for part in ("galaxy", "system", "position")],
            axis=1,
        ).astype(np.int64)
        # Neighbours are neighbours in this order.
        self._by_place = np.lexsort(self._places.T[::-1])
        self._rank = np.argsort(self._by_place)
        self._away = np.flatnonzero(np.isin(owners, away_ids))
        self._own = _grouped(self._owner_rows, len(players.ids))
        levels, known = planets.columns["Buildings.level"], planets.columns["Knowledge.technology"]
        possible = possible_units(levels, known)
        self._may = np.stack([possible[name] for name in _SHIPS], axis=1)
        self._shares = np.array(list(_MISSION_SHARES.values())) / sum(_MISSION_SHARES.values())
        self._fleets: list[dict[str, object]] = []
        self._debris: dict[Place, Amounts] = {}
        self._friendships: dict[tuple[int, int], None] = {}

    def owners_of_slots(self) -> npt.NDArray[np.int64]:
        """Return the row of a player for each fleet that may be under way."""
        slots = RULES.fleet_slots
        known = self._players.columns["Research.level"]
        levels = known[:, TECHNOLOGIES.index(slots.fleets.technology)].tolist()
        has_ships = np.zeros(len(levels), dtype=np.bool_)
        has_ships[self._owner_rows[self._may.any(axis=1)]] = True
        free = np.array([fleet_slots(slots, level) for level in levels]) * has_ships
        return np.repeat(np.arange(len(levels)), free)

    def send(self, player: int) -> None:
        """Send a fleet of a player; players and planets are rows, here as in what follows."""
        own = self._own[player]
        origin = self._one_of(own[self._may[own].any(axis=1)])
        wanted = str(self._generator.choice(list(_MISSION_SHARES), p=self._shares))
        # What is too far for its tanks, or not possible at all, becomes a flight to a neighbour,
        # and one of those is never out of reach.
        for mission in (wanted, *("transport",) * 8):
            ships = self._ships(mission, origin)
            target = self._target(mission, player, origin)
            if ships is None or target is None:
                continue
            hours = int(self._generator.integers(1, _HOLD_HOURS_MOST)) if mission == "hold" else 0
            plan = self._plan(mission, player, origin, target, ships, hours)
            if plan.fuel <= plan.tank_room:
                self._depart(mission, player, origin, target, ships, plan, hours)
                return
        raise StarkeepError("a fleet found no planet that it could reach")

    def sent(self) -> FleetSeed:
        debris = [
            {
                "Debris.galaxy": place[0],
                "Debris.system": place[1],
                "Debris.position": place[2],
                "Debris.left": left,
            }
            for place, left in self._debris.items()
        ]
        friendships = [
            {
                "Friendship.owner_id": owner_id,
                "Friendship.friend_id": friend_id,
                "Friendship.accepted_at": self._now,
            }
            for owner_id, friend_id in self._friendships
        ]
        return FleetSeed(
            _rows(FLEET, self._fleets), _rows(DEBRIS, debris), _rows(FRIENDSHIP, friendships)
        )

    # Whereto, and with what --------------------------------------------------------------------

    def _one_of(self, rows: AnyArray) -> int:
        return int(rows[int(self._generator.integers(len(rows)))])

    def _neighbour(self, planet: int) -> int:
        step = int(self._generator.integers(1, _NEIGHBOURS))
        rank = (int(self._rank[planet]) + step) % len(self._by_place)
        return int(self._by_place[rank])

    def _target(self, mission: str, player: int, origin: int) -> int | None:
        """Return a planet to fly to, None if there is none for this."""
        if mission == "deploy":
            others = self._own[player][self._own[player] != origin]
            return self._one_of(others) if len(others) else None
        if mission in ("attack", "espionage"):
            others = self._away[self._owner_rows[self._away] != player]
            return self._one_of(others) if len(others) else None
        target = self._neighbour(origin)
        if target == origin or (mission == "hold" and self._owner_rows[target] == player):
            return None
        return target

    def _ships(self, mission: str, origin: int) -> Mapping[str, int] | None:
        """Return some ships of one type that the origin can build, None if it can build none."""
        for name in _SHIPS_FOR[mission]:
            if self._may[origin, _SHIPS.index(name)]:
                return {name: int(self._generator.integers(1, _SHIPS_MOST))}
        return None

    def _plan(
        self,
        mission: str,
        player: int,
        origin: int,
        target: int,
        ships: Mapping[str, int],
        hours: int,
    ) -> FlightPlan:
        known = self._players.columns["Research.level"][player].tolist()
        return plan_by(
            RULES,
            self._chart,
            dict(zip(TECHNOLOGIES.labels, known, strict=True)),
            RULES.missions[mission],
            self._place(origin),
            self._place(target),
            ships,
            TENTHS_MOST,
            hours,
        )

    def _place(self, planet: int) -> Place:
        galaxy, system, position = self._places[planet].tolist()
        return galaxy, system, position

    # Under way ---------------------------------------------------------------------------------

    def _depart(
        self,
        mission: str,
        player: int,
        origin: int,
        target: int,
        ships: Mapping[str, int],
        plan: FlightPlan,
        hours: int,
    ) -> None:
        stays = mission == "deploy"
        flight = self._flight(plan.seconds, hours * SECONDS_PER_HOUR, stays=stays)
        counts = np.array([ships.get(name, 0) for name in UNITS.labels], dtype=np.int64)
        # Who was called back has what he set out with.
        goes = flight["Flight.arrives_at"] > self._now
        cargo = np.zeros(len(RESOURCES), dtype=np.int64)
        if mission in ("transport", "deploy") and goes:
            cargo = self._load(origin, plan.cargo_room)
        elif mission == "harvest":
            cargo = self._wreck(player, target, 0 if goes else plan.cargo_room)
        elif mission == "hold":
            pair = self._owner_id(target), int(self._players.ids[player])
            self._friendships[pair] = None
        for key in ("Ledger.spent", "Ledger.received"):
            self._planets.columns[key][origin] += counts @ RULES.unit_table.cost
        fleet_id = len(self._fleets) + 1
        to_debris = mission == "harvest"
        self._fleets.append(
            {
                "Fleet.owner_id": int(self._players.ids[player]),
                "Fleet.mission": MISSIONS.index(mission) + 1,
                "Fleet.ships": counts,
                "Fleet.cargo": cargo,
                "Fleet.random_seed": seed_of(self._universe.random_seed, fleet_id),
                "Fleet.target_unit": NO_UNIT,
                **self._course(origin, target, to_debris=to_debris),
                **flight,
            }
        )

    def _course(self, origin: int, target: int, *, to_debris: bool) -> dict[str, int]:
        course = {
            "Course.origin_id": int(self._planets.ids[origin]),
            "Course.origin_type": TARGETS.index("planet") + 1,
            "Course.target_type": TARGETS.index("debris" if to_debris else "planet") + 1,
            "Course.target_id": NO_PLANET if to_debris else int(self._planets.ids[target]),
        }
        for end, planet in (("origin", origin), ("target", target)):
            for part, number in zip(
                ("galaxy", "system", "position"), self._place(planet), strict=True
            ):
                course[f"Course.{end}_{part}"] = number
        return course

    def _flight(self, seconds: int, hold_s: int, *, stays: bool) -> dict[str, float]:
        """Return a flight at some point of its way, which some were called back from."""
        whole_s = seconds if stays else 2 * seconds + hold_s
        elapsed_s = self._generator.random() * whole_s
        departed_at = self._now - elapsed_s
        arrives_at = departed_at + seconds
        returns_at = departed_at + whole_s
        if arrives_at > self._now:
            state, due_at = OUTBOUND, arrives_at
            if self._generator.random() < _RECALLED_SHARE:
                flown_s = elapsed_s * (0.5 + self._generator.random() / 2)
                # Home after as long as it had flown, which is yet to come.
                state, due_at = RETURNING, max(departed_at + 2 * flown_s, self._now + 1.0)
                returns_at = due_at
        elif arrives_at + hold_s > self._now:
            state, due_at = HOLDING, arrives_at + hold_s
        else:
            state, due_at = RETURNING, returns_at
        return {
            "Flight.fleet_state": state,
            "Flight.speed_tenths": TENTHS_MOST,
            "Flight.departed_at": departed_at,
            "Flight.arrives_at": arrives_at,
            "Flight.hold_s": hold_s,
            "Flight.returns_at": returns_at,
            "Flight.fleet_due_at": due_at,
        }

    # The books ---------------------------------------------------------------------------------

    def _load(self, origin: int, room: int) -> Amounts:
        """Take cargo from a planet, which has received it before."""
        cargo = self._amounts(room // len(RESOURCES))
        self._planets.columns["Ledger.moved"][origin] -= cargo
        self._planets.columns["Ledger.received"][origin] += cargo
        return cargo

    def _wreck(self, player: int, target: int, room: int) -> Amounts:
        """Leave debris of a battle that a player fought, and return what of it he has in his hold.

        There is none of deuterium, unless the host wants that.
        """
        place = self._place(target)
        left = self._amounts(_DEBRIS_MOST) + 1
        taken = self._amounts(room // len(RESOURCES))
        left[-1] = taken[-1] = 0
        self._debris[place] = self._debris.get(place, np.zeros_like(left)) + left
        self._players.columns["Wreckage.debris_made"][player] += left + taken
        return taken

    def _amounts(self, most: int) -> Amounts:
        return self._generator.integers(0, most, len(RESOURCES), endpoint=True)

    def _owner_id(self, planet: int) -> int:
        return int(self._planets.columns["Planet.owner_id"][planet])


def _rows(kind: Kind, entities: Sequence[Mapping[str, object]]) -> TableRows:
    """Return entities as the first rows of their table."""
    columns = {}
    for component in kind.components:
        for field in fields_of(component):
            column = columns[field.key] = field.empty(len(entities))
            for row, entity in enumerate(entities):
                column[row] = entity[field.key]
    return TableRows(kind.name, np.arange(1, len(entities) + 1, dtype=np.int64), columns)


def _grouped(owner_rows: Ids, count: int) -> list[AnyArray]:
    """Return for each player the rows of his planets."""
    order = np.argsort(owner_rows, kind="stable")
    return np.split(order, np.searchsorted(owner_rows[order], np.arange(1, count)))
