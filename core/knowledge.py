"""What a player has researched, and the copies that his planets have of it."""

from __future__ import annotations

from core.components import (
    PLANET,
    PLAYER,
    TECHNOLOGIES,
    Knowledge,
    Research,
    ResearchQueue,
    Vacation,
)
from core.ecs import World


def technologies_of(world: World, player_id: int) -> dict[str, int]:
    """Return the levels of a player's technologies."""
    levels = world.component_for_entity(PLAYER, player_id, Research).level
    return dict(zip(TECHNOLOGIES.labels, levels, strict=True))


def known_on(world: World, planet_id: int) -> dict[str, int]:
    """Return the levels that a planet has a copy of, reading nothing but the planet."""
    levels = world.component_for_entity(PLANET, planet_id, Knowledge).technology
    return dict(zip(TECHNOLOGIES.labels, levels, strict=True))


def copy_for(world: World, player_id: int) -> Knowledge:
    """Return what a new planet of a player knows; nothing if it is what makes him a player."""
    if not world.exists(PLAYER, player_id):
        return Knowledge(technology=(0,) * len(TECHNOLOGIES), lab_busy=False, on_vacation=False)
    return Knowledge(
        technology=world.component_for_entity(PLAYER, player_id, Research).level,
        lab_busy=any(world.component_for_entity(PLAYER, player_id, ResearchQueue).queued),
        on_vacation=world.component_for_entity(PLAYER, player_id, Vacation).on_vacation,
    )
