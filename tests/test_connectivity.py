"""Which aggregates belong together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.connectivity import Connectivity, belongs_any, belongs_to
from core.ecs import EVERY_ID, Aggregate, Kind
from tests.ecs.things import LAMP, STONE


def stones(*ids: int) -> set[Aggregate]:
    return {(STONE, entity_id) for entity_id in ids}


def test_that_what_changed_together_is_a_group_and_the_rest_stands_alone() -> None:
    known = Connectivity()
    known.connect(stones(1, 2))
    known.connect(stones(3))
    known.connect({(STONE, 4), (LAMP, 4)})
    assert set(known.groups()) == {frozenset(stones(1, 2)), frozenset({(STONE, 4), (LAMP, 4)})}


def test_that_groups_with_a_member_in_common_are_one() -> None:
    known = Connectivity()
    known.connect(stones(1, 2))
    known.connect(stones(3, 4))
    known.connect(stones(4, 2, 9))
    assert known.take_all() == (frozenset(stones(1, 2, 3, 4, 9)),)
    assert known.groups() == ()


def test_that_a_change_of_all_of_a_kind_is_one_entry_and_takes_in_every_group_of_it() -> None:
    known = Connectivity()
    known.connect(stones(1, 2))
    known.connect({(LAMP, 1), (LAMP, 2)})
    known.connect({(STONE, EVERY_ID)})
    known.connect({(STONE, 77), (LAMP, 9)})
    assert set(known.groups()) == {
        frozenset({(STONE, EVERY_ID), *stones(1, 2, 77), (LAMP, 9)}),
        frozenset({(LAMP, 1), (LAMP, 2)}),
    }


def test_that_a_group_is_taken_with_any_of_its_members() -> None:
    known = Connectivity()
    known.connect(stones(1, 2))
    known.connect(stones(3, 4))
    assert known.take_with(stones(2, 8)) == stones(1, 2, 8)
    assert known.groups() == (frozenset(stones(3, 4)),)


def test_that_all_of_a_kind_means_each_of_it() -> None:
    group = frozenset({(STONE, EVERY_ID), (LAMP, 3)})
    assert belongs_to(group, (STONE, 5))
    assert belongs_to(group, (LAMP, EVERY_ID))
    assert not belongs_to(group, (LAMP, 4))
    assert belongs_any(group, [(LAMP, 4), (LAMP, 3)])
    assert not belongs_any(frozenset({(LAMP, 3)}), [(STONE, EVERY_ID)])


@given(
    st.lists(
        st.sets(st.tuples(st.sampled_from([STONE, LAMP]), st.integers(EVERY_ID, 6)), max_size=3),
        max_size=12,
    )
)
def test_that_groups_are_the_connected_parts_in_whatever_order_they_came(
    changes: list[set[tuple[Kind, int]]],
) -> None:
    known = Connectivity()
    for change in changes:
        known.connect(change)
    groups = known.groups()
    for change in changes:
        alone = len(change) < 2 and not any(entity_id == EVERY_ID for _, entity_id in change)
        # Each change lies in one group, whole.
        assert alone or sum(change <= group for group in groups) == 1
    for group in groups:
        others = [other for other in groups if other is not group]
        assert not any(belongs_any(other, group) for other in others)
