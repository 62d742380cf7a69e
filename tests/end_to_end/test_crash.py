"""Killed at any moment, the program has kept what it said it had: exactly once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.crash import Driver
from tests.end_to_end.crash_player import Answer
from tests.end_to_end.warm_start import warm_start

pytestmark = pytest.mark.checkout


@pytest.mark.parametrize("times", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_that_whatever_was_acknowledged_survives_every_kill(
    tmp_path: Path, request: pytest.FixtureRequest, times: int
) -> None:
    kills = times * request.config.getoption("--kills")
    seed = request.config.getoption("--kill-seed")
    with warm_start() as program:
        report = Driver(tmp_path / "world", seed, program).run(kills)
    print(report)
    assert report.kills.total() == kills
    assert report.told[Answer.ACCEPTED] > 5 * kills
    assert report.log_length > 5 * kills
    assert report.told[Answer.UNKNOWN] > 0
    assert report.repeated[Answer.ACCEPTED] > 0
    # A few kills come before the first fleet is there.
    assert kills < 10 or report.captains["DispatchFleet"] > 0
    assert kills < 10 or report.battles > 0
