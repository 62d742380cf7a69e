"""Removing players who have stayed away for long: everything of theirs leaves the world.

What a player has can be much, and a tick must not wait for it. So a command takes so many messages,
reports and the like along at the most, and the player himself with his planets only when nothing
else is left. Who comes back in between has lost what he could read, and nothing else.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from core.commands import Accepted, Rejected, RemovePlayer
from core.components import (
    DEPARTED,
    FLEET,
    FRIENDSHIP,
    MESSAGE,
    OFFER,
    PLANET,
    PLAYER,
    REPORT,
    RESOURCES,
    Deal,
    Departed,
    Finds,
    Fleet,
    Ledger,
    Legacy,
    Offer,
    Presence,
    Trader,
    Wreckage,
)
from core.ecs import Kind
from core.ecs.table import Ids
from core.events import Event, PlanetAbandoned, PlayerRemoved
from core.messages import delete_message
from core.offers import OPEN
from core.ownership import NO_SUCH_PLAYER, fleet_ids_of, planet_ids_of
from core.settlement import remove_planet
from core.state import GameState
from core.vacation import is_on_vacation

# Rows that one command deletes beside a player's planets, fleets and offers: a few milliseconds.
PORTION = 100
NOT_AWAY = Rejected("not_away", "This player was there lately, or is on vacation.")


def remove_player(state: GameState, command: RemovePlayer, at: float) -> Accepted | Rejected:
    """Remove what a player has, a portion of it; answer whether he is gone with it.

    Who was there within `idle_s`, or is on vacation, stays.
    """
    world, player_id = state.world, command.removed_id
    if not world.exists(PLAYER, player_id):
        return NO_SUCH_PLAYER
    seen_at = world.component_for_entity(PLAYER, player_id, Presence).active_at
    if at - seen_at < command.idle_s or is_on_vacation(world, player_id):
        return NOT_AWAY
    if _remove_a_portion(state, player_id):
        return Accepted(False)
    planet_ids = planet_ids_of(world, player_id)
    moved = _moved_in_all(state, player_id, planet_ids)
    world.create_entity(DEPARTED, Departed(account_id=player_id, left_at=at, moved=moved))
    for kind, ids in (
        (FLEET, fleet_ids_of(world, player_id)),
        (OFFER, _ids_where(state, OFFER, "Offer.seller_id", player_id)),
    ):
        for entity_id in ids:
            world.delete_entity(kind, entity_id)
    for planet_id in planet_ids:
        # A moon is gone with its planet, unless it came first.
        if planet_id in world.tables[PLANET]:
            remove_planet(state, planet_id)
    world.delete_entity(PLAYER, player_id)
    events: list[Event] = [PlanetAbandoned(at, player_id, each) for each in planet_ids]
    return Accepted(True, (*events, PlayerRemoved(at, player_id)))


def _remove_a_portion(state: GameState, player_id: int) -> bool:
    """Delete what of a player nothing depends on; return whether there was any."""
    portion = [
        (kind, entity_id)
        for kind, key in (
            (MESSAGE, "Message.owner_id"),
            (REPORT, "Report.owner_id"),
            (FRIENDSHIP, "Friendship.owner_id"),
            (FRIENDSHIP, "Friendship.friend_id"),
        )
        for entity_id in _ids_where(state, kind, key, player_id)
    ][:PORTION]
    for kind, entity_id in portion:
        if kind is MESSAGE:
            delete_message(state, entity_id)
        else:
            state.world.delete_entity(kind, entity_id)
    return bool(portion)


def _moved_in_all(state: GameState, player_id: int, planet_ids: Sequence[int]) -> tuple[float, ...]:
    """Return what a player has in all the books whose sums add up over the world.

    See core.components.Wreckage.
    """
    world = state.world
    wreckage = world.component_for_entity(PLAYER, player_id, Wreckage)
    found = world.component_for_entity(PLAYER, player_id, Finds).resources_found
    amounts: list[Sequence[float]] = [
        world.component_for_entity(PLAYER, player_id, Legacy).moved,
        world.component_for_entity(PLAYER, player_id, Trader).fees_paid,
        wreckage.cargo_lost,
        tuple(map(operator.neg, wreckage.debris_made)),
        tuple(map(operator.neg, found)),
        *(world.component_for_entity(PLANET, each, Ledger).moved for each in planet_ids),
        *(
            world.component_for_entity(FLEET, each, Fleet).cargo
            for each in fleet_ids_of(world, player_id)
        ),
        *(_escrow(state, each) for each in _ids_where(state, OFFER, "Offer.seller_id", player_id)),
    ]
    return tuple(float(sum(each)) for each in zip(*amounts, strict=True))


def _escrow(state: GameState, offer_id: int) -> tuple[int, ...]:
    offer = state.world.component_for_entity(OFFER, offer_id, Offer)
    is_open = state.world.component_for_entity(OFFER, offer_id, Deal).state == OPEN
    return tuple(
        offer.offered_amount if is_open and offer.offered == place else 0
        for place in range(1, len(RESOURCES) + 1)
    )


def _ids_where(state: GameState, kind: Kind, key: str, player_id: int) -> list[int]:
    table = state.world.tables[kind]
    ids: Ids = table.ids[table.read_only(key) == player_id]
    found: list[int] = np.sort(ids).tolist()
    return found
