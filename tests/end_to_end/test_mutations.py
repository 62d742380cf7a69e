"""The crash test fails where it must: one promise taken away, and it notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.crash import Driver
from tests.end_to_end.mutations import MISFORTUNES, SEEN_BY_KILLS
from tests.end_to_end.warm_start import warm_start
from tests.replay import BrokenPromise

pytestmark = pytest.mark.checkout

KILLS_MAX = 20


@pytest.mark.slow
@pytest.mark.parametrize("mutation", SEEN_BY_KILLS)
def test_that_a_broken_program_is_caught(mutation: str, tmp_path: Path) -> None:
    with warm_start([mutation]) as program:
        driver = Driver(tmp_path / "world", 0, program)
        with pytest.raises(BrokenPromise) as caught:
            driver.run(KILLS_MAX)
    print(f"{mutation}: after {driver.report.kills.total()} kills: {caught.value}")


@pytest.mark.slow
@pytest.mark.parametrize("misfortune", MISFORTUNES)
def test_that_misfortune_is_no_mistake(misfortune: str, tmp_path: Path) -> None:
    with warm_start([misfortune]) as program:
        print(Driver(tmp_path / "world", 0, program).run(KILLS_MAX))
