"""Research: ordering, cancelling, and what happens on all planets when a level is reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core import research_queue, stockpiles
from core.commands import Accepted, CancelResearch, Rejected, StartResearch
from core.components import (
    BUILDINGS,
    NEVER,
    NOTHING_QUEUED,
    PLANET,
    PLAYER,
    RESEARCH_PLACES,
    RESOURCES,
    TECHNOLOGIES,
    Buildings,
    Knowledge,
    Player,
    Research,
    ResearchQueue,
)
from core.events import (
    Event,
    ResearchDropped,
    ResearchFinished,
    ResearchStarted,
    StocksChanged,
)
from core.knowledge import technologies_of
from core.ownership import NO_HOME, planet_ids_of, planet_of
from core.research_queue import LAB_IN_WORK, Scholar, Study
from core.state import GameState


@dataclass(frozen=True, slots=True)
class ResearchItem:
    """An item of the research queue as a player sees it. `level` is the one that is reached."""

    technology: str
    level: int
    planet_id: int
    cost: tuple[int, ...]
    started_at: float | None
    due_at: float | None


def start_research(state: GameState, command: StartResearch, at: float) -> Accepted | Rejected:
    """Queue the next level of a technology; start it at once if nothing is being researched."""
    player_id = command.player_id
    planet_id = planet_of(state.world, player_id, command.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    if command.technology not in state.rules.technologies:
        return Rejected("unknown_type", f"There is no technology called {command.technology}.")
    studies = _studies(state, player_id)
    limit = state.rules.research_queue_limit
    if len(studies) >= limit:
        return Rejected(
            "queue_full", f"The research queue holds {limit} items at most.", {"limit": limit}
        )
    study = Study(command.technology, planet_id)
    scholar = _scholar(state, player_id, [*studies, study])
    refusal = research_queue.refusal(state.rules, scholar, studies, study)
    if refusal is None and not studies:
        refusal = _hindrance(state, player_id, study, at)
    if refusal is not None:
        return refusal
    events: list[Event] = []
    if studies:
        _write(state, player_id, [*studies, study])
        stockpiles.refuel(state, planet_id, at)
    else:
        events += _start_first(state, player_id, [study], at)
        events.append(StocksChanged(at, player_id, planet_id))
    return Accepted(research_queue_of(state, player_id)[-1], tuple(events))


def cancel_research(state: GameState, command: CancelResearch, at: float) -> Accepted | Rejected:
    """Take an item out, refund it if it was active, and drop the items that needed it."""
    player_id = command.player_id
    if not state.world.exists(PLAYER, player_id):
        return NO_HOME
    studies = _studies(state, player_id)
    if not 0 <= command.index < len(studies):
        return Rejected("no_such_item", "There is no such item in the research queue.")
    left = studies[: command.index] + studies[command.index + 1 :]
    if command.index == 0:
        planet_id = _refund(state, player_id, studies[0], at)
        events = _start_first(state, player_id, left, at)
        events.append(StocksChanged(at, player_id, planet_id))
    else:
        events = _keep_possible(state, player_id, left, at)
    return Accepted(research_queue_of(state, player_id), tuple(events))


def finish_research(state: GameState, player_id: int, at: float) -> list[Event]:
    """Reach the active item's level on all planets at once, and start the next item there."""
    done, *waiting = _studies(state, player_id)
    levels = research_queue.planned(technologies_of(state.world, player_id), [done])
    known = tuple(levels[name] for name in TECHNOLOGIES.labels)
    state.world.component_for_entity(PLAYER, player_id, Research).level = known
    planet_ids = planet_ids_of(state.world, player_id)
    changed = _make_known(state, planet_ids, known, done.technology, at)
    return [
        ResearchFinished(at, player_id, done.technology, levels[done.technology]),
        *_start_first(state, player_id, waiting, at),
        *(StocksChanged(at, player_id, planet_id) for planet_id in changed),
    ]


def research_queue_of(state: GameState, player_id: int) -> tuple[ResearchItem, ...]:
    """Return a player's research queue, the active item first, without changing anything."""
    studies = _studies(state, player_id)
    levels = technologies_of(state.world, player_id)
    queue = state.world.component_for_entity(PLAYER, player_id, ResearchQueue)
    items = []
    for place, study in enumerate(studies):
        level = research_queue.level_of(levels, studies[:place], study)
        active = place == 0
        items.append(
            ResearchItem(
                technology=study.technology,
                level=level,
                planet_id=study.planet_id,
                # What was paid is what a cancelling gives back, whatever the rules say by now.
                cost=tuple(int(amount) for amount in queue.paid)
                if active
                else research_queue.price_of(state.rules, study, level),
                started_at=queue.started_at if active else None,
                due_at=queue.finish_at if active else None,
            )
        )
    return tuple(items)


def _make_known(
    state: GameState,
    planet_ids: Sequence[int],
    known: tuple[int, ...],
    technology: str,
    at: float,
) -> Sequence[int]:
    """Give planets their copy of what is known; return those whose rates it has changed."""
    for planet_id in planet_ids:
        state.world.component_for_entity(PLANET, planet_id, Knowledge).technology = known
    if technology not in (state.rules.energy_technology, state.rules.plasma.technology):
        return ()
    for planet_id in planet_ids:
        stockpiles.change_rates(state, planet_id, at)
    return planet_ids


def _refund(state: GameState, player_id: int, study: Study, at: float) -> int:
    """Give back what the active item cost to who paid it, or to the home; return the planet."""
    world = state.world
    planet_id = study.planet_id
    if planet_of(world, player_id, planet_id) != planet_id:
        planet_id = world.component_for_entity(PLAYER, player_id, Player).home_id
    paid = world.component_for_entity(PLAYER, player_id, ResearchQueue).paid
    stockpiles.refund(state, planet_id, paid, at)
    return planet_id


def _start_first(
    state: GameState, player_id: int, studies: Sequence[Study], at: float
) -> list[Event]:
    """Make these items the queue and start the first that can be; drop those before it."""
    events: list[Event] = []
    waiting = list(studies)
    while waiting:
        scholar = _scholar(state, player_id, waiting[:1])
        refusal = research_queue.refusal(state.rules, scholar, [], waiting[0]) or _hindrance(
            state, player_id, waiting[0], at
        )
        if refusal is None:
            break
        dropped = waiting.pop(0)
        events.append(ResearchDropped(at, player_id, dropped.technology, refusal.code))
    events += _keep_possible(state, player_id, waiting, at)
    if waiting:
        events += _start(state, player_id, waiting[0], at)
    else:
        queue = state.world.component_for_entity(PLAYER, player_id, ResearchQueue)
        queue.paid = (0.0,) * len(RESOURCES)
        queue.started_at = 0.0
        queue.finish_at = NEVER
    _occupy_labs(state, player_id, busy=bool(waiting))
    return events


def _keep_possible(
    state: GameState, player_id: int, studies: Sequence[Study], at: float
) -> list[Event]:
    """Make these items the queue, the first of them active; drop those that it makes impossible."""
    scholar = _scholar(state, player_id, studies)
    kept, orphans = research_queue.without_orphans(state.rules, scholar, studies)
    _write(state, player_id, kept)
    return [
        ResearchDropped(at, player_id, orphan.technology, "requirements_not_met")
        for orphan in orphans
    ]


def _start(state: GameState, player_id: int, study: Study, at: float) -> list[Event]:
    universe = state.universe
    scholar = _scholar(state, player_id, [study])
    level = research_queue.level_of(scholar.technologies, [], study)
    price = research_queue.price_of(state.rules, study, level)
    stockpiles.pay(state, study.planet_id, price, at)
    queue = state.world.component_for_entity(PLAYER, player_id, ResearchQueue)
    queue.paid = tuple(float(amount) for amount in price)
    queue.started_at = at
    queue.finish_at = at + research_queue.seconds_of(
        state.rules, scholar, study, level, universe.economy_speed, universe.research_speed
    )
    return [
        ResearchStarted(at, player_id, study.technology, level),
        StocksChanged(at, player_id, study.planet_id),
    ]


def _hindrance(state: GameState, player_id: int, study: Study, at: float) -> Rejected | None:
    """Return why an item that the rules allow cannot start at this instant."""
    if _works_on_a_lab(state, planet_ids_of(state.world, player_id)):
        return LAB_IN_WORK
    level = research_queue.level_of(technologies_of(state.world, player_id), [], study)
    return research_queue.lack_of_energy_for(
        state.rules, study, level, lambda: stockpiles.energy_of(state, study.planet_id)
    ) or stockpiles.too_dear(
        state, study.planet_id, research_queue.price_of(state.rules, study, level), at
    )


def _works_on_a_lab(state: GameState, planet_ids: Iterable[int]) -> bool:
    planets = state.world.tables[PLANET]
    lab = BUILDINGS.index(state.rules.research.lab) + 1
    return any(abs(planets.get(each, "BuildQueue.queued")[0]) == lab for each in planet_ids)


def _occupy_labs(state: GameState, player_id: int, *, busy: bool) -> None:
    """Tell all planets of a player whether research is running in their labs."""
    for planet_id in planet_ids_of(state.world, player_id):
        knowledge = state.world.component_for_entity(PLANET, planet_id, Knowledge)
        if knowledge.lab_busy != busy:
            knowledge.lab_busy = busy


def _scholar(state: GameState, player_id: int, studies: Sequence[Study]) -> Scholar:
    planets = state.world.tables[PLANET]
    lab = BUILDINGS.index(state.rules.research.lab)
    planet_ids = planet_ids_of(state.world, player_id)
    named = {study.planet_id for study in studies}
    return Scholar(
        technologies=technologies_of(state.world, player_id),
        labs={each: planets.get(each, "Buildings.level")[lab] for each in planet_ids},
        buildings={
            each: dict(
                zip(
                    BUILDINGS.labels,
                    state.world.component_for_entity(PLANET, each, Buildings).level,
                    strict=True,
                )
            )
            for each in planet_ids
            if each in named
        },
    )


def _studies(state: GameState, player_id: int) -> list[Study]:
    queue = state.world.component_for_entity(PLAYER, player_id, ResearchQueue)
    return [
        Study(TECHNOLOGIES.labels[code - 1], planet_id)
        for code, planet_id in zip(queue.queued, queue.planet_id, strict=True)
        if code != NOTHING_QUEUED
    ]


def _write(state: GameState, player_id: int, studies: Sequence[Study]) -> None:
    queue = state.world.component_for_entity(PLAYER, player_id, ResearchQueue)
    rest = (0,) * (len(RESEARCH_PLACES) - len(studies))
    queue.queued = (*(TECHNOLOGIES.index(study.technology) + 1 for study in studies), *rest)
    queue.planet_id = (*(study.planet_id for study in studies), *rest)
