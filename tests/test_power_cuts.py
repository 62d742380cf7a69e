"""Whenever the power is cut, the disk holds the world of its command log, and all that was told."""

from __future__ import annotations

import pytest

from tests.end_to_end.mutations import SEEN_BY_POWER_CUTS, applied
from tests.fleet_cuts import FleetCuts
from tests.power_cuts import PowerCuts
from tests.replay import BrokenPromise

CUTS = 30
CUTS_OF_A_MUTANT_MAX = 200
# A few of them, caught within a second each; the others are slow for being many.
QUICK = {"throttle_each_row", "settle_when_saved", "forget_who_belongs_together"}


@pytest.mark.parametrize("seed", [1, 2])
def test_that_a_cut_leaves_the_world_of_the_log(seed: int) -> None:
    report = PowerCuts(seed).run(CUTS)
    assert report.cuts == CUTS
    assert report.acknowledged > CUTS // 2
    assert report.failures > CUTS // 3


@pytest.mark.parametrize("seed", [1, 2])
def test_that_a_cut_leaves_fleets_battles_and_trades(seed: int) -> None:
    power_cuts = FleetCuts(seed)
    report = power_cuts.run(CUTS)
    assert report.acknowledged > CUTS // 2
    made = power_cuts.made()
    assert made["fleet"] > 5
    assert made["report"] > 5
    assert made["offer"] > 0


@pytest.mark.slow
def test_that_fleets_survive_hundreds_of_cuts() -> None:
    for seed in range(40, 50):
        power_cuts = FleetCuts(seed)
        report = power_cuts.run(60)
        print(f"seed {seed}: {report}, {power_cuts.made()}")


@pytest.mark.slow
def test_that_thousands_of_commands_survive_hundreds_of_cuts() -> None:
    commands = 0
    for seed in range(10, 28):
        report = PowerCuts(seed).run(60)
        print(f"seed {seed}: {report}")
        assert report.refusals
        commands += report.commands
    assert commands > 2_000


@pytest.mark.parametrize(
    "mutation",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in SEEN_BY_POWER_CUTS
    ],
)
def test_that_a_broken_promise_is_seen(mutation: str) -> None:
    with applied(mutation):
        power_cuts = PowerCuts(seed=1)
        with pytest.raises(BrokenPromise) as seen:
            power_cuts.run(CUTS_OF_A_MUTANT_MAX)
    print(f"{mutation}: after {power_cuts.report.cuts} cuts: {seen.value}")
