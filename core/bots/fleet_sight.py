"""What a computer player sees of fleets: his own under way, and those that come to attack him."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from core import debris
from core.bots.prey import Prey, prey_of, unspied_place
from core.bots.strength import Bot, Strength
from core.components import DEBRIS, FLEET, MISSIONS, OUTBOUND, Debris
from core.flight_plan import Chart, chart_of
from core.galaxy import Coordinates
from core.indexes import FLEETS_BY_TARGET
from core.ownership import fleet_ids_of
from core.rules import Rules
from core.rules.flight import distance, fleet_slots
from core.rules.units import UnitKind
from core.settlement import place_of
from core.state import GameState

if TYPE_CHECKING:
    from core.bots.sight import View

Debrises = tuple[tuple[Coordinates, tuple[int, ...]], ...]

# One slot is left free, so that ships can be saved.
SLOTS_FREE_LEAST = 2
# How many systems away somebody is raided, and how seldom somebody is looked for.
RADIUS = {Strength.MEDIUM: 3, Strength.HARD: 8}
SPIES_AT_ONE_OF = {Strength.MEDIUM: 6, Strength.HARD: 2}
_ATTACK = MISSIONS.index("attack") + 1


@dataclass(frozen=True, slots=True)
class OwnFleet:
    """One of his fleets; `outbound` until it has arrived or was called back."""

    fleet_id: int
    mission: str
    outbound: bool
    origin_id: int
    target_id: int
    target: Coordinates
    departed_at: float
    arrives_at: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks, at which of his turns and how often he has one, with what chance; who is a bot."""

    bot: Bot
    turn: int
    interval_s: float
    random: Random
    bots: Container[int]


@dataclass(frozen=True, slots=True)
class Flights:
    """What he knows of fleets, as far as he can do anything about it.

    `attacks` says which of his planets are attacked, and when. `flees` says that it is soon that
    this one is, and `refuge` where its ships may go. `debris` lies where he has fought. `feeds` is
    another planet of his that may lack something, and `brother` what is there.
    """

    chart: Chart
    fleets: tuple[OwnFleet, ...] = ()
    slots_free: int = 0
    loot_share_percent: float = 0.0
    attacks: Mapping[int, float] = field(default_factory=dict)
    flees: bool = False
    refuge: Coordinates | None = None
    prey: tuple[Prey, ...] = ()
    unspied: Coordinates | None = None
    debris: Debrises = ()
    feeds: int | None = None
    brother: View | None = None


def flights_seen(
    state: GameState,
    looker: Looker,
    view: View,
    attacks: Mapping[int, float],
    safe: Sequence[int],
    *,
    flees: bool,
) -> Flights:
    """Return what there is to be decided at a planet; `safe` are others of his."""
    rules, player_id = state.rules, view.player_id
    fleets, chart = own_fleets(state, player_id), chart_of(state)
    slots = fleet_slots(rules.fleet_slots, view.technologies[rules.fleet_slots.fleets.technology])
    share = state.universe.loot_share_percent
    seen = Flights(chart, fleets, slots - len(fleets), share, attacks, flees)
    if flees:
        return replace(seen, refuge=_nearest(state, chart, view.place, safe))
    if seen.slots_free < SLOTS_FREE_LEAST:
        return seen
    if view.units[ship_of(rules, "harvest")]:
        seen = replace(seen, debris=_debris_seen(state, view.place, fleets))
    if not any(view.units[each] for each in carriers(rules)):
        return seen
    if safe:
        seen = replace(seen, feeds=looker.random.choice(safe))
    return _with_prey(state, looker, view, seen) if view.is_home else seen


def ship_of(rules: Rules, mission: str) -> str:
    """Return the ship that a mission cannot do without."""
    ship = rules.missions[mission].ship
    if ship is None:
        raise ValueError(f"{mission} can be flown with any ship")
    return ship


def carriers(rules: Rules) -> tuple[str, ...]:
    """Return the ships that are made for cargo and nothing else, those that carry least first."""
    missions = {mission.ship for mission in rules.missions.values()}
    ships = [
        unit
        for unit in rules.units.values()
        if unit.kind is UnitKind.CIVIL and unit.cargo and unit.name not in missions
    ]
    return tuple(unit.name for unit in sorted(ships, key=lambda unit: unit.cargo))


def _with_prey(state: GameState, looker: Looker, view: View, seen: Flights) -> Flights:
    fights = {fleet.target_id for fleet in seen.fleets if fleet.mission == "attack"}
    prey = prey_of(state, view.player_id, fights, view.at)
    if prey:
        return replace(seen, prey=prey)
    strength, random = looker.bot.strength, looker.random
    if not view.units[ship_of(state.rules, "espionage")]:
        return seen
    if random.randrange(SPIES_AT_ONE_OF[strength]):
        return seen
    busy = {fleet.target_id for fleet in seen.fleets}
    galaxy, system, _ = view.place
    systems = state.galaxy.shape[1]
    radius = min(RADIUS[strength], systems // 2)
    near = (system - 1 + random.randint(-radius, radius)) % systems + 1
    return replace(
        seen, unspied=unspied_place(state, view.player_id, (galaxy, near), busy, view.at)
    )


def _debris_seen(state: GameState, place: Coordinates, fleets: Sequence[OwnFleet]) -> Debrises:
    """Return what lies where he lives and where his fleets have fought, and nobody fetches it."""
    fetched = {fleet.target for fleet in fleets if fleet.mission == "harvest" and fleet.outbound}
    fought = (fleet.target for fleet in fleets if fleet.mission == "attack" and not fleet.outbound)
    found = []
    for there in dict.fromkeys((place, *fought)):
        debris_id = None if there in fetched else debris.find(state.world, there)
        if debris_id is not None:
            lying = state.world.component_for_entity(DEBRIS, debris_id, Debris)
            found.append((there, lying.left))
    return tuple(found)


def own_fleets(state: GameState, player_id: int) -> tuple[OwnFleet, ...]:
    table = state.world.tables[FLEET]
    found = []
    for fleet_id in fleet_ids_of(state.world, player_id):
        row = table.row(fleet_id)
        place = (
            table.value_at(row, "Course.target_galaxy"),
            table.value_at(row, "Course.target_system"),
            table.value_at(row, "Course.target_position"),
        )
        found.append(
            OwnFleet(
                fleet_id,
                MISSIONS[table.value_at(row, "Fleet.mission") - 1],
                table.value_at(row, "Flight.fleet_state") == OUTBOUND,
                table.value_at(row, "Course.origin_id"),
                table.value_at(row, "Course.target_id"),
                place,
                table.value_at(row, "Flight.departed_at"),
                table.value_at(row, "Flight.arrives_at"),
                table.value_at(row, "Fleet.ships"),
            )
        )
    return tuple(found)


def attacks_on(state: GameState, player_id: int, planet_ids: Iterable[int]) -> dict[int, float]:
    """Return which of his planets are attacked, and when the first of their attackers is there."""
    table = state.world.tables[FLEET]
    attacks: dict[int, float] = {}
    for planet_id in planet_ids:
        for fleet_id in table.ids_with(FLEETS_BY_TARGET, (planet_id,)):
            row = table.row(fleet_id)
            if (
                table.value_at(row, "Fleet.mission") == _ATTACK
                and table.value_at(row, "Flight.fleet_state") == OUTBOUND
                and table.value_at(row, "Fleet.owner_id") != player_id
            ):
                arrives_at = table.value_at(row, "Flight.arrives_at")
                attacks[planet_id] = min(arrives_at, attacks.get(planet_id, arrives_at))
    return attacks


def _nearest(
    state: GameState, chart: Chart, place: Coordinates, planet_ids: Iterable[int]
) -> Coordinates | None:
    """Return where the nearest of some planets lies, None of none."""
    rules = state.rules.flight.distance

    def away(there: Coordinates) -> tuple[int, Coordinates]:
        return int(distance(rules, place, there, chart.galaxies, chart.systems)), there

    return min((place_of(state, each) for each in planet_ids), key=away, default=None)
