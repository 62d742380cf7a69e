from __future__ import annotations

import dataclasses

import pytest

from core.combat.fight import fight
from core.combat.report import Outcome
from core.combat.simulator import RUNS_MAX, Target, forecast, forecast_of
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


def test_that_technology_makes_room_for_loot() -> None:
    cargo = tuple(1 if name == "cruiser" else 0 for name in NAMES)
    target = Target(stock=(1000, 0, 0), share_percent=50, cargo=(cargo,), room_percent=125)
    sure = dataclasses.replace(ORDER, defenders=(fleet({"light_fighter": 1}),))
    # 12 · 125 %.
    assert forecast(sure, 1, target).loot == (15, 0, 0)


def test_that_seeds_may_be_named_and_that_time_may_run_out() -> None:
    told = forecast_of(ORDER, (5, 9))
    fought = [fight(dataclasses.replace(ORDER, seed=seed)) for seed in (5, 9)]
    assert told.debris[0] == sum(each.debris[0] for each in fought) / 2
    cut_short = forecast_of(ORDER, (5, 9), is_over=lambda: True)
    assert (cut_short.runs, cut_short.debris[0]) == (1, fought[0].debris[0])


@pytest.mark.parametrize("runs", [0, RUNS_MAX + 1])
def test_that_the_number_of_runs_is_bounded(runs: int) -> None:
    with pytest.raises(ValueError, match=f"not {runs}"):
        forecast(ORDER, runs)
