from __future__ import annotations

import dataclasses

import pytest

from core.combat.fight import fight
from core.combat.report import Outcome
from core.combat.simulator import RUNS_MAX, Target, forecast
from tests.combat.armies import NAMES, battle, fleet

ORDER = battle([fleet({"cruiser": 12})], [fleet({"light_fighter": 25, "rocket_launcher": 20})])


def test_that_a_forecast_tells_the_means_of_its_runs() -> None:
    told = forecast(ORDER, 8)
    reports = [fight(dataclasses.replace(ORDER, seed=ORDER.seed + run)) for run in range(8)]
    assert told.runs == told.attackers_won + told.defenders_won + told.draws == 8
    assert told.attackers_won == sum(each.outcome is Outcome.ATTACKERS for each in reports)
    cruiser = NAMES.index("cruiser")
    lost = sum(each.attackers.losses[0][cruiser] for each in reports) / 8
    assert told.attackers_losses[0][cruiser] == lost
    assert told.debris[0] == sum(each.debris[0] for each in reports) / 8


def test_that_a_victory_brings_loot_and_a_defeat_none() -> None:
    cargo = tuple(800 if name == "cruiser" else 0 for name in NAMES)
    target = Target(stock=(1000, 600, 10), share_percent=50, cargo=(cargo,))
    sure = dataclasses.replace(ORDER, defenders=(fleet({"light_fighter": 1}),))
    assert forecast(sure, 2, target).loot == (500, 300, 5)
    hopeless = dataclasses.replace(ORDER, defenders=(fleet({"deathstar": 3}),))
    assert forecast(hopeless, 2, target).loot == (0, 0, 0)


@pytest.mark.parametrize("runs", [0, RUNS_MAX + 1])
def test_that_the_number_of_runs_is_bounded(runs: int) -> None:
    with pytest.raises(ValueError, match=f"not {runs}"):
        forecast(ORDER, runs)
