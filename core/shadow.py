"""The shadow of the truth: what the disk does not know yet, and what a power cut would cost.

Three things that are never mixed: what is *at risk* would be gone, because somebody was not yet
told that it is kept; what is *to write* comes out the same when a restart works it out again; what
is *set aside* the database refuses, and no save takes it until the host has decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.components import FLEET, FRIENDSHIP, MESSAGE, OFFER, PLANET, PLAYER, REMEMBERED_ANSWER
from core.ecs import Kind, Mark, World
from core.ecs.table import AnyArray, Ids
from core.quarantine import Quarantine, SetAside, members_of
from core.write_behind import WriteBehind

NOBODY = 0
# Where it is written whose an aggregate is.
_OWNER_KEYS = {
    PLANET: "Planet.owner_id",
    OFFER: "Offer.seller_id",
    MESSAGE: "Message.owner_id",
    FLEET: "Fleet.owner_id",
    FRIENDSHIP: "Friendship.owner_id",
    REMEMBERED_ANSWER: "RememberedAnswer.account_id",
}
DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class UnsavedItem:
    """One aggregate with changes that are not committed; `owner_id` is 0 where nobody owns it.

    `refused_because` are the database's words, empty where it has not refused anything.
    """

    kind: str
    entity_id: int
    name: str
    owner_id: int
    owner_name: str
    at_risk: bool
    in_flight: bool
    age_s: float
    cause: str
    refused_because: str = ""

    @property
    def set_aside(self) -> bool:
        return bool(self.refused_because)

    @property
    def why(self) -> str:
        """Say why it may wait, or what it waits for."""
        if self.set_aside:
            return f"no save takes it until the host has decided: {self.refused_because}"
        if not self.at_risk:
            return "nobody asked for it: a restart works it out again from what is saved"
        if self.in_flight:
            return "its commit is under way; whoever ordered it is told after that"
        return "it goes with the next batch; whoever ordered it is told after its commit"


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What would be lost, and what would be worked out again, if the power failed now."""

    at: float
    at_risk: int
    to_write: int
    set_aside: int
    players_at_risk: int
    oldest_at_risk_s: float
    oldest_to_write_s: float
    items: tuple[UnsavedItem, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Unsaved aggregates of one kind as columns; refused ones are never urgent here."""

    kind: Kind
    ids: Ids
    urgent: npt.NDArray[np.bool_]
    since: npt.NDArray[np.float64]
    in_flight: bool
    refused_because: str = ""


def unsaved(world: World, writer: WriteBehind, at: float, limit: int) -> Unsaved:
    """Return what is not on the disk at this instant, in full numbers and `limit` items.

    On the simulation thread: array work over the marks, and a loop over the items alone.
    """
    groups, refused = list(_groups(world, writer)), list(_refused(world, writer.quarantine))
    ages = [at - group.since for group in groups]
    at_risk_ages = [age[group.urgent] for group, age in zip(groups, ages, strict=True)]
    waiting_ages = [age[~group.urgent] for group, age in zip(groups, ages, strict=True)]
    owners = [_owners(world, group.kind, group.ids[group.urgent]) for group in groups]
    everybody = np.unique(np.concatenate(owners)) if owners else np.zeros(0, dtype=np.int64)
    return Unsaved(
        at=at,
        at_risk=sum(map(len, at_risk_ages)),
        to_write=sum(map(len, waiting_ages)),
        set_aside=sum(len(group.ids) for group in refused),
        players_at_risk=int(np.count_nonzero(everybody != NOBODY)),
        oldest_at_risk_s=_oldest(at_risk_ages),
        oldest_to_write_s=_oldest(waiting_ages),
        items=tuple(_items(world, [*refused, *groups], at, limit)),
    )


def _groups(world: World, writer: WriteBehind) -> Iterator[_Group]:
    for kind in world.kinds:
        table, rows = world.tables[kind], world.marks[kind].changed_rows()
        marked, under_way = table.ids[rows], writer.in_flight.get(kind)
        urgent = _is_urgent(table.array("mark.flags")[rows])
        if under_way is not None:
            at_risk = _is_urgent(under_way.flags)
            # What was changed again stands in the list once, at risk if either change is.
            urgent |= np.isin(marked, under_way.ids[at_risk])
            new = ~np.isin(under_way.ids, marked)
            yield _Group(kind, under_way.ids[new], at_risk[new], under_way.since[new], True)
        yield _Group(kind, marked, urgent, table.array("mark.since")[rows], False)
        ids, since = _columns(world.tombstones[kind])
        yield _Group(kind, ids, np.ones(len(ids), dtype=np.bool_), since, False)


def _refused(world: World, quarantine: Quarantine) -> Iterator[_Group]:
    for group in quarantine:
        for kind, members in members_of(world, group.aggregates):
            table = world.tables[kind]
            rows = table.rows(members)
            yield _refused_group(kind, table.ids[rows], table.array("mark.since")[rows], group)
        for kind, deleted in group.tombstones.items():
            yield _refused_group(kind, *_columns(deleted), group)


def _refused_group(kind: Kind, ids: Ids, since: npt.NDArray[np.float64], group: SetAside) -> _Group:
    return _Group(kind, ids, np.zeros(len(ids), dtype=np.bool_), since, False, group.reason)


def _columns(deleted: dict[int, float]) -> tuple[Ids, npt.NDArray[np.float64]]:
    """Return the ids of tombstones, and since when they wait."""
    ids = np.fromiter(deleted, dtype=np.int64, count=len(deleted))
    return ids, np.fromiter(deleted.values(), dtype=np.float64, count=len(deleted))


def _is_urgent(flags: AnyArray) -> npt.NDArray[np.bool_]:
    urgent: npt.NDArray[np.bool_] = (flags & int(Mark.URGENT)) != 0
    return urgent


def _owners(world: World, kind: Kind, ids: Ids) -> Ids:
    """Return the players who own these aggregates; nobody for what is gone already."""
    if kind is PLAYER:
        return ids
    if kind not in _OWNER_KEYS:
        return np.zeros(0, dtype=np.int64)
    table = world.tables[kind]
    owners: Ids = table.array(_OWNER_KEYS[kind])[table.rows(ids)]
    return owners


def _oldest(ages: list[npt.NDArray[np.float64]]) -> float:
    return max((float(age.max(initial=0.0)) for age in ages), default=0.0)


def _items(world: World, groups: list[_Group], at: float, limit: int) -> Iterator[UnsavedItem]:
    """Yield what is refused first, then what is at risk, then what has waited longest."""
    urgent = np.concatenate([group.urgent for group in groups])
    rank = np.concatenate(
        [np.where(group.urgent, 1, 0 if group.refused_because else 2) for group in groups]
    )
    since = np.concatenate([group.since for group in groups])
    number = np.repeat(np.arange(len(groups)), [len(group.ids) for group in groups])
    ids = np.concatenate([group.ids for group in groups])
    for place in np.lexsort((since, rank))[:limit].tolist():
        group = groups[int(number[place])]
        yield _item(world, group, int(ids[place]), bool(urgent[place]), at - float(since[place]))


def _item(world: World, group: _Group, entity_id: int, at_risk: bool, age_s: float) -> UnsavedItem:
    table = world.tables[group.kind]
    exists = entity_id in table
    owner_id = NOBODY
    if group.kind is PLAYER:
        owner_id = entity_id
    elif group.kind in _OWNER_KEYS and exists:
        owner_id = int(table.get(entity_id, _OWNER_KEYS[group.kind]))
    players = world.tables[PLAYER]
    return UnsavedItem(
        kind=group.kind.name,
        entity_id=entity_id,
        name=_name(world, group.kind, entity_id),
        owner_id=owner_id,
        owner_name=str(players.get(owner_id, "Player.name")) if owner_id in players else "",
        at_risk=at_risk,
        in_flight=group.in_flight,
        age_s=age_s,
        cause=world.causes[int(table.get(entity_id, "mark.cause"))] if exists else DELETED,
        refused_because=group.refused_because,
    )


def _name(world: World, kind: Kind, entity_id: int) -> str:
    table = world.tables[kind]
    key = f"{kind.name.capitalize()}.name"
    if entity_id not in table or key not in {field.key for field in table.fields}:
        return ""
    return str(table.get(entity_id, key))
