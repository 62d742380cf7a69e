"""A whole seeded world: players, planets, research under way and fleets in flight, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.components import KINDS, PLANET, UNIVERSE, UNIVERSE_ID, Universe
from core.ecs import World
from core.ecs.table import Ids
from core.rules.arithmetic import SECONDS_PER_DAY
from core.save_batch import TableRows, WorldClock
from core.seed import SeedPlan, make_planets, make_players
from core.seed_fleets import make_fleets
from core.seed_research import begin_research
from core.state import economy_settings_of

_AWAY_SHARE = 0.2  # of the people have not been seen for long
_AWAY_DAYS = 20.0


@dataclass(frozen=True, slots=True)
class Population:
    """Who plays: the first `computer_players` are such, the others people; and how much flies."""

    plan: SeedPlan
    names: Sequence[str]
    computer_players: int
    fleets: int


def make_world(
    population: Population,
    world: World,
    player_ids: Ids,
    clock: WorldClock,
    generator: np.random.Generator,
) -> tuple[Sequence[TableRows], WorldClock]:
    """Return the rows of all tables, in the order in which they are written, and their clock.

    `world` has its settings and nobody in it; `clock` is where it stands. Raise StarkeepError if
    so many fleets cannot fly.
    """
    now, plan = clock.world_time, population.plan
    universe = world.component_for_entity(UNIVERSE, UNIVERSE_ID, Universe)
    first_planet_id = world.next_id[PLANET]
    settings = economy_settings_of(world)
    planets = make_planets(plan, player_ids, first_planet_id, settings, now, generator)
    players = make_players(player_ids, population.names, planets, now)
    begin_research(players, planets, universe, now, generator)
    people = np.arange(len(player_ids)) >= population.computer_players
    away = people & (generator.random(len(player_ids)) < _AWAY_SHARE)
    for key in ("Presence.active_at", "Player.joined_at"):
        players.columns[key][away] -= _AWAY_DAYS * SECONDS_PER_DAY
    flying = make_fleets(
        population.fleets,
        players,
        planets,
        universe,
        now,
        generator,
        away_ids=player_ids[away],
    )
    table = world.tables[UNIVERSE]
    settings_rows = TableRows(
        UNIVERSE.name, table.ids, {field.key: table.array(field.key) for field in table.fields}
    )
    rows = (settings_rows, players, planets, *flying.tables)
    return rows, WorldClock(now, clock.tick, _next_ids(world, rows))


def _next_ids(world: World, rows: Sequence[TableRows]) -> dict[str, int]:
    highest = {each.table: int(each.ids.max(initial=0)) for each in rows}
    return {kind.name: max(world.next_id[kind], highest.get(kind.name, 0) + 1) for kind in KINDS}
