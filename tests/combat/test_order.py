from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from core.combat.order import UNITS_MAX, Participant
from tests.combat.armies import NAMES, STATS, battle, fleet

NONE = (0,) * len(NAMES)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shield": (1.0,)}, "every column"),
        ({"attack": (-1.0, *STATS.attack[1:])}, "attack and shield"),
        ({"hull": (0.0, *STATS.hull[1:])}, "needs a hull"),
        ({"rapid_fire": (NONE, *STATS.rapid_fire[1:])}, "rapid fire"),
    ],
)
def test_that_impossible_units_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(STATS, **wrong)


def test_that_impossible_participants_are_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        Participant((-1,))
    with pytest.raises(ValueError, match="a level is"):
        Participant((1,), weapons=-1)


def test_that_impossible_battles_are_refused() -> None:
    with pytest.raises(ValueError, match="types of units"):
        battle([Participant((1, 2))], [])
    with pytest.raises(ValueError, match="at most"):
        battle([fleet({"cruiser": UNITS_MAX}), fleet({"cruiser": 1})], [])
    with pytest.raises(ValueError, match="seed"):
        battle([], [], seed=-1)
