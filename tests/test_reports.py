"""core.reports: what is handed out of them; what is in them is tested with what writes them."""

from __future__ import annotations

import json

import pytest

from core.bots.prey import REPORTS_REMEMBERED
from core.ecs import Origin
from core.reports import ListReports, ReadReport, latest_reports, write_report
from tests.manual_clock import ManualClock
from tests.worlds import found, new_game

CONTENT = {"planet": 1, "rounds": [{"shots": 3}]}


def test_that_the_simulation_reads_no_report_for_whoever_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    game = new_game(ManualClock())
    found(game, 1)
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        report_id = write_report(game.state, 1, "battle", CONTENT, game.time)
    assert report_id is not None
    with monkeypatch.context() as patch:
        patch.setattr(json, "loads", None)
        page, _ = game.ask(ListReports(1, "battle", 200))
        one, _ = game.ask(ReadReport(1, "battle", report_id))
        latest = latest_reports(game.state, 1, "battle", 0.0, REPORTS_REMEMBERED)
    assert page.reports == latest == (one,)
    assert one.content == CONTENT
