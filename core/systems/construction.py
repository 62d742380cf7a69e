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
    steps = _steps(state, planet_id)
    if not 0 <= command.index < len(steps):
        return Rejected("no_such_item", "There is no such item in the building queue.")
    left = steps[: command.index] + steps[command.index + 1 :]
    if command.index == 0:
        queue = state.world.component_for_entity(PLANET, planet_id, BuildQueue)
        stockpiles.refund(state, planet_id, queue.paid, at)
        events = _start_first(state, planet_id, left, at)
        events.append(StocksChanged(at, command.player_id, planet_id))
    else:
        events = _keep_possible(state, planet_id, left, at)
    return Accepted(queue_of(state, planet_id), tuple(events))


def finish_building(state: GameState, planet_id: int, at: float) -> list[Event]:
    """Finish the active item at its due instant and start the next one at the same instant."""
    world = state.world
    done, *waiting = _steps(state, planet_id)
    buildings = world.component_for_entity(PLANET, planet_id, Buildings)
    levels = building_queue.planned(levels_of(state, planet_id), [done])
    buildings.level = tuple(levels[name] for name in BUILDINGS.labels)
    stockpiles.change_rates(state, planet_id, at)
    owner_id = world.component_for_entity(PLANET, planet_id, Planet).owner_id
    return [
        BuildingFinished(
            at, owner_id, planet_id, done.building, levels[done.building], done.demolish
        ),
        *_start_first(state, planet_id, waiting, at),
        StocksChanged(at, owner_id, planet_id),
    ]


def queue_of(state: GameState, planet_id: int) -> tuple[Item, ...]:
    """Return a planet's building queue, the active item first, without changing anything."""
    steps = _steps(state, planet_id)
    levels, technologies = levels_of(state, planet_id), known_on(state.world, planet_id)
    queue = state.world.component_for_entity(PLANET, planet_id, BuildQueue)
    items = []
    for place, step in enumerate(steps):
        level = building_queue.level_of(levels, steps[:place], step)
        price = building_queue.price_of(state.economy, step, level, technologies)
        active = place == 0
        items.append(
            Item(
                building=step.building,
                level=level,
                demolish=step.demolish,
                # What was paid is what a cancelling gives back, whatever the rules say by now.
                cost=tuple(int(amount) for amount in queue.paid) if active else price,
                started_at=queue.started_at if active else None,
                due_at=queue.finish_at if active else None,
            )
        )
    return tuple(items)


def levels_of(state: GameState, planet_id: int) -> dict[str, int]:
    buildings = state.world.component_for_entity(PLANET, planet_id, Buildings)
    return dict(zip(BUILDINGS.labels, buildings.level, strict=True))


def _order(
    state: GameState, player_id: int, named_planet_id: int | None, step: Step, at: float
) -> Accepted | Rejected:
    planet_id = planet_of(state.world, player_id, named_planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    if step.building not in state.rules.buildings:
        return Rejected("unknown_type", f"There is no building called {step.building}.")
    steps = _steps(state, planet_id)
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
    if steps:
        queue = state.world.component_for_entity(PLANET, planet_id, BuildQueue)
        _write(queue, [*steps, step])
        stockpiles.refuel(state, planet_id, at)
    else:
        events += _start_first(state, planet_id, [step], at)
        events.append(StocksChanged(at, player_id, planet_id))
    return Accepted(queue_of(state, planet_id)[-1], tuple(events))


def _start_first(state: GameState, planet_id: int, steps: Sequence[Step], at: float) -> list[Event]:
    """Make these steps the queue and start the first that can be; drop those before it."""
    world = state.world
    owner_id = world.component_for_entity(PLANET, planet_id, Planet).owner_id
    queue = world.component_for_entity(PLANET, planet_id, BuildQueue)
    events: list[Event] = []
    waiting = list(steps)
    site = _site(state, planet_id)
    while waiting:
        refusal = building_queue.refusal(state.economy, site, [], waiting[0]) or _hindrance(
            state, planet_id, site, waiting[0], at
        )
        if refusal is None:
            break
        dropped = waiting.pop(0)
        events.append(BuildItemDropped(at, owner_id, planet_id, dropped.building, refusal.code))
    events += _keep_possible(state, planet_id, waiting, at)
    if waiting:
        events.append(_start(state, planet_id, site, waiting[0], at))
    else:
        queue.paid = (0.0,) * len(RESOURCES)
        queue.started_at = 0.0
        queue.finish_at = NEVER
    return events


def _keep_possible(
    state: GameState, planet_id: int, steps: Sequence[Step], at: float
) -> list[Event]:
    """Make these steps the queue, the first of them active; drop those that it makes impossible."""
    world = state.world
    owner_id = world.component_for_entity(PLANET, planet_id, Planet).owner_id
    kept, orphans = building_queue.without_orphans(state.rules, _site(state, planet_id), steps)
    _write(world.component_for_entity(PLANET, planet_id, BuildQueue), kept)
    return [
        BuildItemDropped(at, owner_id, planet_id, orphan.building, "requirements_not_met")
        for orphan in orphans
    ]


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
        state.economy_settings(),
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
        technologies=known_on(world, planet_id),
        fields=planet.fields,
        silo_slots_taken=silo_slots_taken(state.rules, spoken_for(state, planet_id)),
        on_moon=planet.is_moon,
        lab_busy=world.component_for_entity(PLANET, planet_id, Knowledge).lab_busy,
        yard_busy=world.component_for_entity(PLANET, planet_id, UnitQueue).unit_building != NO_UNIT,
    )


def _steps(state: GameState, planet_id: int) -> list[Step]:
    queue = state.world.component_for_entity(PLANET, planet_id, BuildQueue)
    return [
        Step(BUILDINGS.labels[abs(code) - 1], demolish=code < 0)
        for code in queue.queued
        if code != NOTHING_QUEUED
    ]


def _write(queue: BuildQueue, steps: Sequence[Step]) -> None:
    codes = [step.change * (BUILDINGS.index(step.building) + 1) for step in steps]
    queue.queued = (*codes, *(NOTHING_QUEUED,) * (len(PLACES) - len(codes)))
