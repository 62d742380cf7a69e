"""Buildings: ordering, demolishing, cancelling, and what happens when an item is finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core import building_queue, stockpiles
from core.building_queue import Site, Step
from core.commands import Accepted, CancelBuilding, DemolishBuilding, Rejected, StartBuilding
from core.components import (
    BUILDINGS,
    NEVER,
    NO_UNIT,
    NOTHING_QUEUED,
    PLACES,
    PLANET,
    RESOURCES,
    Buildings,
    BuildQueue,
    Knowledge,
    Planet,
    UnitQueue,
)
from core.events import BuildingFinished, BuildingStarted, BuildItemDropped, Event, StocksChanged
from core.knowledge import known_on
from core.ownership import planet_of
from core.state import GameState
from core.unit_queue import silo_slots_taken
from core.unit_stock import spoken_for


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the building queue as a player sees it. `level` is reached, or taken away."""

    building: str
    level: int
    demolish: bool
    cost: tuple[int, ...]
    started_at: float | None
    due_at: float | None


def start_building(state: GameState, command: StartBuilding, at: float) -> Accepted | Rejected:
    """Queue the next level of a building; start it at once if nothing else is being built."""
    step = Step(command.building, demolish=False)
    return _order(state, command.player_id, command.planet_id, step, at)


def demolish_building(
    state: GameState, command: DemolishBuilding, at: float
) -> Accepted | Rejected:
    """Queue the removal of a level, which takes as long as building it did.

    It costs as much, too, where nobody knows the technology that makes it cheaper.
    """
    step = Step(command.building, demolish=True)
    return _order(state, command.player_id, command.planet_id, step, at)


def cancel_building(state: GameState, command: CancelBuilding, at: float) -> Accepted | Rejected:
    """Take an item out, refund it if it was active, and drop the items that needed it."""
    planet_id = planet_of(state.world, command.player_id, command.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    queue = state.world.component_for_entity(PLANET, planet_id, BuildQueue)
    steps = _steps(queue)
    if not 0 <= command.index < len(steps):
        return Rejected("no_such_item", "There is no such item in the building queue.")
    left = steps[: command.index] + steps[command.index + 1 :]
    site = _site(state, planet_id)
    if command.index == 0:
        stockpiles.refund(state, planet_id, queue.paid, at)
        events = _start_first(state, planet_id, site, left, at)
        events.append(StocksChanged(at, command.player_id, planet_id))
    else:
        events = _keep_possible(state, planet_id, site, left, at)
    return Accepted(_items(state, queue, site), tuple(events))


def finish_building(state: GameState, planet_id: int, at: float) -> list[Event]:
    """Finish the active item at its due instant and start the next one at the same instant."""
    world = state.world
    done, *waiting = _steps(world.component_for_entity(PLANET, planet_id, BuildQueue))
    buildings = world.component_for_entity(PLANET, planet_id, Buildings)
    levels = building_queue.planned(levels_of(state, planet_id), [done])
    buildings.level = tuple(levels[name] for name in BUILDINGS.labels)
    stockpiles.change_rates(state, planet_id, at)
    owner_id = world.component_for_entity(PLANET, planet_id, Planet).owner_id
    return [
        BuildingFinished(
            at, owner_id, planet_id, done.building, levels[done.building], done.demolish
        ),
        *_start_first(state, planet_id, _site(state, planet_id), waiting, at),
        StocksChanged(at, owner_id, planet_id),
    ]


def queue_of(state: GameState, planet_id: int) -> tuple[Item, ...]:
    """Return a planet's building queue, the active item first, without changing anything."""
    queue = state.world.component_for_entity(PLANET, planet_id, BuildQueue)
    return _items(state, queue, _site(state, planet_id))


def levels_of(state: GameState, planet_id: int) -> dict[str, int]:
    buildings = state.world.component_for_entity(PLANET, planet_id, Buildings)
    return dict(zip(BUILDINGS.labels, buildings.level, strict=True))


def _items(state: GameState, queue: BuildQueue, site: Site) -> tuple[Item, ...]:
    steps = _steps(queue)
    return tuple(_item(state, queue, site, steps, place) for place in range(len(steps)))


def _item(
    state: GameState, queue: BuildQueue, site: Site, steps: Sequence[Step], place: int
) -> Item:
    step = steps[place]
    level = building_queue.level_of(site.levels, steps[:place], step)
    if place:
        cost = building_queue.price_of(state.economy, step, level, site.technologies)
        return Item(step.building, level, step.demolish, cost, None, None)
    # What was paid is what a cancelling gives back, whatever the rules say by now.
    paid = tuple(int(amount) for amount in queue.paid)
    return Item(step.building, level, step.demolish, paid, queue.started_at, queue.finish_at)


def _order(
    state: GameState, player_id: int, named_planet_id: int | None, step: Step, at: float
) -> Accepted | Rejected:
    planet_id = planet_of(state.world, player_id, named_planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    if step.building not in state.rules.buildings:
        return Rejected("unknown_type", f"There is no building called {step.building}.")
    queue = state.world.component_for_entity(PLANET, planet_id, BuildQueue)
    steps = _steps(queue)
    limit = state.rules.build_queue_limit
    if len(steps) >= limit:
        return Rejected(
            "queue_full", f"The building queue holds {limit} items at most.", {"limit": limit}
        )
    site = _site(state, planet_id)
    refusal = building_queue.refusal(state.economy, site, steps, step)
    if refusal is None and not steps:
        refusal = _hindrance(state, planet_id, site, step, at)
    if refusal is not None:
        return refusal
    events: list[Event] = []
    _write(queue, [*steps, step])
    if steps:
        stockpiles.refuel(state, planet_id, at)
    else:
        events.append(_start(state, planet_id, site, step, at))
        events.append(StocksChanged(at, player_id, planet_id))
    return Accepted(_item(state, queue, site, [*steps, step], len(steps)), tuple(events))


def _start_first(
    state: GameState, planet_id: int, site: Site, steps: Sequence[Step], at: float
) -> list[Event]:
    """Make these steps the queue and start the first that can be; drop those before it."""
    events: list[Event] = []
    waiting = list(steps)
    while waiting:
        refusal = building_queue.refusal(state.economy, site, [], waiting[0]) or _hindrance(
            state, planet_id, site, waiting[0], at
        )
        if refusal is None:
            break
        events.append(_dropped(state, planet_id, waiting.pop(0), refusal.code, at))
    events += _keep_possible(state, planet_id, site, waiting, at)
    if waiting:
        events.append(_start(state, planet_id, site, waiting[0], at))
    else:
        queue = state.world.component_for_entity(PLANET, planet_id, BuildQueue)
        queue.paid = (0.0,) * len(RESOURCES)
        queue.started_at = 0.0
        queue.finish_at = NEVER
    return events


def _keep_possible(
    state: GameState, planet_id: int, site: Site, steps: Sequence[Step], at: float
) -> list[Event]:
    """Make these steps the queue, the first of them active; drop those that it makes impossible."""
    kept, orphans = building_queue.without_orphans(state.rules, site, steps)
    _write(state.world.component_for_entity(PLANET, planet_id, BuildQueue), kept)
    return [_dropped(state, planet_id, step, "requirements_not_met", at) for step in orphans]


def _dropped(state: GameState, planet_id: int, step: Step, why: str, at: float) -> Event:
    owner_id = state.world.component_for_entity(PLANET, planet_id, Planet).owner_id
    return BuildItemDropped(at, owner_id, planet_id, step.building, why)


def _start(state: GameState, planet_id: int, site: Site, step: Step, at: float) -> Event:
    level = building_queue.level_of(site.levels, [], step)
    price = building_queue.price_of(state.economy, step, level, site.technologies)
    stockpiles.pay(state, planet_id, price, at)
    construction = state.rules.construction
    queue = state.world.component_for_entity(PLANET, planet_id, BuildQueue)
    queue.paid = tuple(float(amount) for amount in price)
    queue.started_at = at
    queue.finish_at = at + state.economy.build_seconds(
        step.building,
        level,
        site.levels[construction.factory],
        state.universe.economy_speed,
        site.levels[construction.doubler],
    )
    owner_id = state.world.component_for_entity(PLANET, planet_id, Planet).owner_id
    return BuildingStarted(at, owner_id, planet_id, step.building, level, step.demolish)


def _hindrance(
    state: GameState, planet_id: int, site: Site, step: Step, at: float
) -> Rejected | None:
    """Return why a step that the rules allow cannot start at this instant."""
    level = building_queue.level_of(site.levels, [], step)
    price = building_queue.price_of(state.economy, step, level, site.technologies)
    return building_queue.hindrance(
        state.economy, site, step, lambda: stockpiles.energy_of(state, planet_id)
    ) or stockpiles.too_dear(state, planet_id, price, at)


def _site(state: GameState, planet_id: int) -> Site:
    world = state.world
    planet = world.component_for_entity(PLANET, planet_id, Planet)
    return Site(
        levels=levels_of(state, planet_id),
        fields=planet.fields,
        on_moon=planet.is_moon,
        technologies=lambda: known_on(world, planet_id),
        silo_slots_taken=lambda: silo_slots_taken(state.rules, spoken_for(state, planet_id)),
        lab_busy=lambda: world.component_for_entity(PLANET, planet_id, Knowledge).lab_busy,
        yard_busy=lambda: (
            world.component_for_entity(PLANET, planet_id, UnitQueue).unit_building != NO_UNIT
        ),
    )


def _steps(queue: BuildQueue) -> list[Step]:
    return [
        Step(BUILDINGS.labels[abs(code) - 1], demolish=code < 0)
        for code in queue.queued
        if code != NOTHING_QUEUED
    ]


def _write(queue: BuildQueue, steps: Sequence[Step]) -> None:
    codes = [step.change * (BUILDINGS.index(step.building) + 1) for step in steps]
    queue.queued = (*codes, *(NOTHING_QUEUED,) * (len(PLACES) - len(codes)))
