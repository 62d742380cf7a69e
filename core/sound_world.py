"""What must be true of any world at rest, looked at over whole columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from core.components import (
    DEPARTED,
    FLEET,
    FRIENDSHIP,
    KINDS,
    MESSAGE,
    NO_UNIT,
    NOTHING_QUEUED,
    OFFER,
    OFFER_STATES,
    OUTBOUND,
    PLANET,
    PLAYER,
    REMEMBERED_ANSWER,
    REPORT,
    RESOURCES,
    RETURNING,
    UNIVERSE,
    UNIVERSE_ID,
)
from core.ecs import Kind
from core.ecs.table import Ids
from core.invariants import unaccounted, violations
from core.offers import OPEN
from core.persistence.worlds import LoadedWorld
from core.rules import RULES

_NAMED_MAX = 5

Rows = npt.NDArray[np.bool_]
Law = Callable[[LoadedWorld], Iterator[str]]


def unsound(loaded: LoadedWorld) -> Iterator[str]:
    """Yield a sentence for each law that the world breaks. A world that is still empty is sound."""
    if loaded.clock is None and not any(len(table.ids) for table in loaded.tables.values()):
        return
    if loaded.clock is None or loaded.tables[UNIVERSE].ids.tolist() != [UNIVERSE_ID]:
        yield "there is a world without its settings or its clock"
        return
    for law in LAWS:
        yield from law(loaded)


def _every_row_is_sound(loaded: LoadedWorld) -> Iterator[str]:
    """Hold every row to what each save is held to: finite numbers, a ledger that comes out even."""
    for kind in KINDS:
        table = loaded.tables[kind]
        rows_by_reason: dict[str, list[int]] = {}
        for violation in violations(kind, table.columns):
            rows_by_reason.setdefault(violation.reason, []).append(violation.row)
        for reason, rows in rows_by_reason.items():
            broken = np.zeros(len(table.ids), dtype=np.bool_)
            broken[rows] = True
            yield from _where(kind, loaded, broken, reason)


def _nothing_is_negative(loaded: LoadedWorld) -> Iterator[str]:
    for key in ("Stocks.amount", "Stocks.production", "Stocks.consumption", "Stocks.capacity"):
        negative = loaded.tables[PLANET].columns[key] < 0
        yield from _where(PLANET, loaded, negative, f"{key} is negative")
    negative = loaded.tables[PLANET].columns["Buildings.level"] < 0
    yield from _where(PLANET, loaded, negative, "a building has a negative level")


def _nothing_comes_from_the_future(loaded: LoadedWorld) -> Iterator[str]:
    assert loaded.clock is not None  # noqa: S101 - unsound() has looked
    now = loaded.clock.world_time
    for kind, key in (
        (PLANET, "Stocks.settled_at"),
        (PLANET, "Planet.founded_at"),
        (PLAYER, "Player.joined_at"),
        (PLAYER, "Presence.active_at"),
        (PLAYER, "Vacation.vacation_since"),
        (OFFER, "Offer.created_at"),
        (OFFER, "Deal.closed_at"),
        (MESSAGE, "Message.sent_at"),
        (FRIENDSHIP, "Friendship.accepted_at"),
        (DEPARTED, "Departed.left_at"),
        (FLEET, "Flight.departed_at"),
        (REPORT, "Report.reported_at"),
        (REMEMBERED_ANSWER, "RememberedAnswer.answered_at"),
    ):
        late = loaded.tables[kind].columns[key] > now
        yield from _where(kind, loaded, late, f"{key} lies after the time of the world")


def _what_is_due_lies_after_what_is_settled(loaded: LoadedWorld) -> Iterator[str]:
    planets = loaded.tables[PLANET].columns
    early = planets["Stocks.boundary_at"] < planets["Stocks.settled_at"]
    yield from _where(PLANET, loaded, early, "its stocks reach their boundary before they count")
    building = planets["BuildQueue.queued"][:, 0] != NOTHING_QUEUED
    early = building & (planets["BuildQueue.finish_at"] < planets["BuildQueue.started_at"])
    yield from _where(PLANET, loaded, early, "what it builds is done before it is begun")


def _queues_have_no_gaps(loaded: LoadedWorld) -> Iterator[str]:
    planets = loaded.tables[PLANET].columns
    waiting = planets["BuildQueue.queued"] != NOTHING_QUEUED
    gap = (waiting[:, 1:] & ~waiting[:, :-1]).any(axis=1)
    yield from _where(PLANET, loaded, gap, "its building queue has a gap")
    active = np.isfinite(planets["BuildQueue.finish_at"])
    yield from _where(
        PLANET, loaded, active != waiting[:, 0], "it builds something without an end, or nothing"
    )


def _research_is_sound(loaded: LoadedWorld) -> Iterator[str]:
    players = loaded.tables[PLAYER].columns
    waiting = players["ResearchQueue.queued"] != NOTHING_QUEUED
    gap = (waiting[:, 1:] & ~waiting[:, :-1]).any(axis=1)
    yield from _where(PLAYER, loaded, gap, "his research queue has a gap")
    active = np.isfinite(players["ResearchQueue.finish_at"])
    yield from _where(
        PLAYER,
        loaded,
        active != waiting[:, 0],
        "he researches something without an end, or nothing",
    )
    early = active & (players["ResearchQueue.finish_at"] < players["ResearchQueue.started_at"])
    yield from _where(PLAYER, loaded, early, "what he researches is done before it is begun")


def _planets_know_what_their_owners_do(loaded: LoadedWorld) -> Iterator[str]:
    players, planets = loaded.tables[PLAYER], loaded.tables[PLANET]
    if not len(players.ids):
        return
    owners = planets.columns["Planet.owner_id"]
    rows = np.minimum(np.searchsorted(players.ids, owners), len(players.ids) - 1)
    owned = players.ids[rows] == owners
    copies = planets.columns["Knowledge.technology"]
    other = owned & (copies != players.columns["Research.level"][rows]).any(axis=1)
    yield from _where(PLANET, loaded, other, "it does not know what its owner has researched")
    on_vacation = players.columns["Vacation.on_vacation"][rows]
    other = owned & (planets.columns["Knowledge.on_vacation"] != on_vacation)
    yield from _where(PLANET, loaded, other, "it does not know whether its owner is on vacation")
    is_busy = players.columns["ResearchQueue.queued"][rows, 0] != NOTHING_QUEUED
    other = owned & (planets.columns["Knowledge.lab_busy"] != is_busy)
    yield from _where(PLANET, loaded, other, "it does not know whether its owner researches")


def _nothing_is_produced_on_vacation(loaded: LoadedWorld) -> Iterator[str]:
    planets = loaded.tables[PLANET].columns
    for key in ("Stocks.production", "Stocks.consumption"):
        working = planets["Knowledge.on_vacation"][:, np.newaxis] & (planets[key] != 0)
        yield from _where(PLANET, loaded, working, "it produces on vacation")


def _shipyards_are_sound(loaded: LoadedWorld) -> Iterator[str]:
    assert loaded.clock is not None  # noqa: S101 - unsound() has looked
    planets = loaded.tables[PLANET].columns
    active = planets["UnitQueue.unit_building"] != NO_UNIT
    due_at, begun_at = planets["UnitQueue.units_due_at"], planets["UnitQueue.units_begun_at"]
    yield from _where(
        PLANET, loaded, active != np.isfinite(due_at), "it builds units without an end, or none"
    )
    idle = ~active & (planets["UnitQueue.units_waiting"] != "")
    yield from _where(PLANET, loaded, idle, "its shipyard waits for nothing")
    delivered, ordered = (planets[f"UnitQueue.units_{name}"] for name in ("delivered", "ordered"))
    wrong = (delivered < 0) | (delivered > ordered) | (active & (ordered < 1))
    yield from _where(PLANET, loaded, wrong, "its shipyard delivers what nobody ordered")
    wrong = active & ((planets["UnitQueue.seconds_per_unit"] < 1) | (due_at < begun_at))
    yield from _where(PLANET, loaded, wrong, "its units are done before they are begun")
    late = active & (begun_at > loaded.clock.world_time)
    yield from _where(PLANET, loaded, late, "its units were begun after the time of the world")


def _places_are_taken_once(loaded: LoadedWorld) -> Iterator[str]:
    planets, universe = loaded.tables[PLANET].columns, loaded.tables[UNIVERSE].columns
    place = np.stack(
        [planets[f"Position.{part}"].astype(np.int64) for part in ("galaxy", "system", "position")],
        axis=1,
    ).reshape(-1, 3)
    is_moon = planets["Planet.is_moon"]
    size = [
        int(universe["Universe.galaxies"][0]),
        int(universe["Universe.systems"][0]),
        len(RULES.slots),
    ]
    outside: Rows = np.any((place < 1) | (place > size), axis=1)
    yield from _where(PLANET, loaded, outside, "it lies outside of the universe")
    bodies = np.column_stack((place, is_moon))
    _, first = np.unique(bodies, axis=0, return_index=True)
    again = np.ones(len(place), dtype=bool)
    again[first] = False
    yield from _where(PLANET, loaded, again, "its place is taken by another planet")
    owned = np.column_stack((place, planets["Planet.owner_id"]))
    lost = is_moon.copy()
    lost[is_moon] = ~_among(owned[is_moon], owned[~is_moon])
    yield from _where(PLANET, loaded, lost, "it is a moon without a planet of its owner")
    wrong = is_moon != (planets["Planet.diameter_km"] > 0)
    yield from _where(PLANET, loaded, wrong, "a moon has a size of its own, and nothing else has")


def _among(rows: Ids, others: Ids) -> Rows:
    """Return which rows of a table are among the others."""
    _, numbers = np.unique(np.concatenate((rows, others)), axis=0, return_inverse=True)
    numbers = numbers.reshape(-1)
    return np.isin(numbers[: len(rows)], numbers[len(rows) :])


def _everybody_has_a_home(loaded: LoadedWorld) -> Iterator[str]:
    players, planets = loaded.tables[PLAYER], loaded.tables[PLANET]
    for key, what in (("Player.home_id", "home"), ("Player.active_planet_id", "active planet")):
        owner = _owner_of(planets.ids, planets.columns["Planet.owner_id"], players.columns[key])
        yield from _where(
            PLAYER, loaded, owner != players.ids, f"his {what} is not there, or not his"
        )
    moons = planets.ids[planets.columns["Planet.is_moon"]]
    wrong = np.isin(players.columns["Player.home_id"], moons)
    yield from _where(PLAYER, loaded, wrong, "his home is a moon")
    lost = ~np.isin(planets.columns["Planet.owner_id"], players.ids)
    yield from _where(PLANET, loaded, lost, "its owner is not there")


def _offers_are_open_or_over(loaded: LoadedWorld) -> Iterator[str]:
    offers = loaded.tables[OFFER].columns
    state = offers["Deal.state"]
    unknown = (state < 1) | (state > len(OFFER_STATES))
    yield from _where(OFFER, loaded, unknown, "it is neither open nor over")
    is_open = state == OPEN
    endless = np.isfinite(offers["Deal.expires_at"]) != is_open
    endless |= np.isfinite(offers["Deal.forgotten_at"]) == is_open
    yield from _where(OFFER, loaded, endless, "it expires although it is over, or never does")
    same = offers["Offer.offered"] == offers["Offer.requested"]
    yield from _where(OFFER, loaded, same, "it offers what it requests")


def _whose_things_are_is_there(loaded: LoadedWorld) -> Iterator[str]:
    for kind, key in (
        (OFFER, "Offer.seller_id"),
        (MESSAGE, "Message.owner_id"),
        (FRIENDSHIP, "Friendship.owner_id"),
        (REPORT, "Report.owner_id"),
        (FLEET, "Fleet.owner_id"),
    ):
        lost = ~np.isin(loaded.tables[kind].columns[key], loaded.tables[PLAYER].ids)
        yield from _where(kind, loaded, lost, "its owner is not there")


def _fleets_are_under_way(loaded: LoadedWorld) -> Iterator[str]:
    """Hold fleets to what they are between two events.

    How many somebody has and what they carry is left alone: rules that are changed may allow fewer
    than are under way, and ships that are left of a battle may carry more than they could load.
    """
    fleets = loaded.tables[FLEET].columns
    state, due_at = fleets["Flight.fleet_state"], fleets["Flight.fleet_due_at"]
    departed_at, arrives_at, returns_at = (
        fleets[f"Flight.{name}_at"] for name in ("departed", "arrives", "returns")
    )
    unknown = (state < OUTBOUND) | (state > RETURNING)
    yield from _where(FLEET, loaded, unknown, "it is neither on its way nor coming home")
    empty: Rows = fleets["Fleet.ships"].max(axis=1) < 1
    yield from _where(FLEET, loaded, empty, "it has no ships")
    endless: Rows = ~np.isfinite(due_at)
    yield from _where(FLEET, loaded, endless, "it is under way for ever")
    wrong = (arrives_at < departed_at) | (fleets["Flight.hold_s"] < 0)
    yield from _where(FLEET, loaded, wrong, "it arrives before it sets out")
    leaves_at = arrives_at + fleets["Flight.hold_s"]
    until = np.choose(np.clip(state, OUTBOUND, RETURNING) - 1, (arrives_at, leaves_at, returns_at))
    wrong = ~unknown & ~endless & (due_at != until)
    yield from _where(FLEET, loaded, wrong, "it is due when nothing becomes of it")


def _the_books_balance(loaded: LoadedWorld) -> Iterator[str]:
    """Add up the whole world: see core.components.Wreckage."""
    surplus = unaccounted({kind: table.columns for kind, table in loaded.tables.items()})
    for resource, amount in zip(RESOURCES.labels, surplus, strict=True):
        if amount > 0:
            yield f"over the world, {amount:.0f} {resource} have come from nowhere"
        elif amount < 0:
            yield f"over the world, {-amount:.0f} {resource} are missing"


def _ids_lie_below_their_marks(loaded: LoadedWorld) -> Iterator[str]:
    assert loaded.clock is not None  # noqa: S101 - unsound() has looked
    for kind in KINDS:
        beyond = loaded.tables[kind].ids >= loaded.clock.next_ids[kind.name]
        yield from _where(kind, loaded, beyond, "its id would be given out again")


# In the order in which they are looked at: later ones count on earlier ones.
LAWS: tuple[Law, ...] = (
    _every_row_is_sound,
    _nothing_is_negative,
    _nothing_comes_from_the_future,
    _what_is_due_lies_after_what_is_settled,
    _queues_have_no_gaps,
    _research_is_sound,
    _planets_know_what_their_owners_do,
    _nothing_is_produced_on_vacation,
    _shipyards_are_sound,
    _places_are_taken_once,
    _everybody_has_a_home,
    _offers_are_open_or_over,
    _whose_things_are_is_there,
    _fleets_are_under_way,
    _the_books_balance,
    _ids_lie_below_their_marks,
)


def _owner_of(planet_ids: Ids, owner_ids: Ids, wanted: Ids) -> Ids:
    """Return the owner of each planet that is named, 0 where there is none. Ids ascend."""
    if not len(planet_ids):
        return np.zeros(len(wanted), dtype=np.int64)
    places = np.minimum(np.searchsorted(planet_ids, wanted), len(planet_ids) - 1)
    owners: Ids = np.where(planet_ids[places] == wanted, owner_ids[places], 0)
    return owners


def _where(kind: Kind, loaded: LoadedWorld, broken: Rows, what: str) -> Iterator[str]:
    """Yield one sentence that names the first rows where a law is broken, none if nowhere."""
    if not broken.any():
        return
    rows = np.flatnonzero(broken.reshape(len(broken), -1).any(axis=1))
    named = ", ".join(str(i) for i in loaded.tables[kind].ids[rows[:_NAMED_MAX]].tolist())
    more = f" and {len(rows) - _NAMED_MAX} more" if len(rows) > _NAMED_MAX else ""
    yield f"{kind.name} {named}{more}: {what}"
