"""Which aggregates belong together: what one urgent unit of work changed is saved whole or not.

A group is a set of aggregates. `(kind, EVERY_ID)` in it stands for all entities of the kind, so
that a change of a million planets is one entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from core.ecs import EVERY_ID, Aggregate, Kind

Group = frozenset[Aggregate]


def belongs_to(group: Set[Aggregate], aggregate: Aggregate) -> bool:
    """Return whether an aggregate is in a group, by name or with all of its kind."""
    kind, entity_id = aggregate
    if aggregate in group or (kind, EVERY_ID) in group:
        return True
    return entity_id == EVERY_ID and any(member is kind for member, _ in group)


def belongs_any(group: Set[Aggregate], aggregates: Iterable[Aggregate]) -> bool:
    return any(belongs_to(group, aggregate) for aggregate in aggregates)


class Connectivity:
    """The groups of connected aggregates; who is in none stands alone."""

    def __init__(self) -> None:
        self._group_of: dict[Aggregate, set[Aggregate]] = {}

    def connect(self, aggregates: Iterable[Aggregate]) -> None:
        """Make one group of these aggregates and of all that they belong to already."""
        members = set(aggregates)
        if len(members) < 2 and not any(entity_id == EVERY_ID for _, entity_id in members):
            return
        groups = {id(group): group for a in members for group in self._groups_of(a)}
        # The largest takes the others in: each aggregate moves a few times at the most.
        united = max(groups.values(), key=len, default=set())
        for newcomers in (members, *groups.values()):
            if newcomers is not united:
                united |= newcomers
                self._group_of.update(dict.fromkeys(newcomers, united))

    def _groups_of(self, aggregate: Aggregate) -> list[set[Aggregate]]:
        kind, entity_id = aggregate
        if entity_id == EVERY_ID:
            return [group for (known, _), group in self._group_of.items() if known is kind]
        found = (self._group_of.get(aggregate), self._group_of.get((kind, EVERY_ID)))
        return [group for group in found if group is not None]

    def groups(self) -> tuple[Group, ...]:
        return tuple(frozenset(group) for group in self._distinct())

    def take_all(self) -> tuple[Group, ...]:
        """Return every group and forget them."""
        groups = self.groups()
        self._group_of = {}
        return groups

    def take_with(self, aggregates: Iterable[Aggregate]) -> Group:
        """Forget the groups of some aggregates, and return these with all that is in them."""
        taken = set(aggregates)
        for aggregate in tuple(taken):
            for group in self._groups_of(aggregate):
                taken |= group
        for member in taken:
            self._group_of.pop(member, None)
        return frozenset(taken)

    def _distinct(self) -> Iterable[set[Aggregate]]:
        return {id(group): group for group in self._group_of.values()}.values()


def kinds_taken_whole(group: Iterable[Aggregate]) -> frozenset[Kind]:
    """Return the kinds of which a group holds every entity."""
    return frozenset(kind for kind, entity_id in group if entity_id == EVERY_ID)
