"""desktop_app.panels.save_counts; what all cards have in common is in test_inspect_page"""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.metrics import SaveState
from core.save_batch import SaveReason
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.save_counts import SLOT_S, SaveCountsPanel
from desktop_app.panels.stretch import Stretch
from desktop_app.theme import Theme
from desktop_app.widgets.chart import Bars
from tests.desktop_app.showcase import Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def panel(show: Showcase, qtbot: QtBot) -> SaveCountsPanel:
    panel = SaveCountsPanel(Theme(), Monitor(show.host))
    qtbot.addWidget(panel)
    panel.resize(600, 200)
    panel.set_span(60.0)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def refresh(panel: SaveCountsPanel, show: Showcase) -> None:
    panel.monitor.follow()
    reading = panel.monitor.read(show.now)
    stretch = Stretch(show.now, panel.chart.span_s)
    panel.draw(show.now, stretch)
    panel.describe(stretch, reading)


def figures(panel: SaveCountsPanel) -> dict[str, str]:
    return {figure.name: figure.value for figure in panel.figures}


def heights(bars: Bars) -> list[float]:
    opts = bars._item.opts
    return [float(height) for height in opts["y1"] - opts["y0"]]


def test_that_every_figure_comes_from_the_saves(panel: SaveCountsPanel, show: Showcase) -> None:
    show.tick(600)
    for ago_s in (50.0, 40.0, 30.0, 20.0):
        show.save(ago_s)
    show.save(15.0, reason=SaveReason.PERIODIC)
    show.save(14.0, reason=SaveReason.MANUAL, state=SaveState.RETRIED)
    show.save(13.0, reason=SaveReason.PERIODIC, state=SaveState.FAILED)
    refresh(panel, show)
    assert figures(panel) == {"urgent/min": "4.0", "periodic": "2", "failed": "1"}
    assert panel.accessibleDescription() == (
        "Saves in the last minute: 4 urgent, 2 periodic, 1 failed."
    )


def test_that_a_world_of_half_a_minute_is_not_taken_for_a_whole_one(
    panel: SaveCountsPanel, show: Showcase
) -> None:
    show.tick(300)
    for ago_s in (25.0, 20.0, 15.0, 10.0, 5.0):
        show.save(ago_s)
    refresh(panel, show)
    assert figures(panel)["urgent/min"] == "10"


def test_that_a_save_from_before_the_stretch_does_not_count(
    panel: SaveCountsPanel, show: Showcase
) -> None:
    show.save(70.0)
    show.save(5.0)
    refresh(panel, show)
    assert figures(panel)["urgent/min"] == "1.0"
    assert sum(heights(panel._urgent)) == 1


def test_that_the_bars_hold_every_save_on_top_of_one_another(
    panel: SaveCountsPanel, show: Showcase
) -> None:
    # All in the slot that ends last.
    show.now = (show.now // SLOT_S[60.0] + 1) * SLOT_S[60.0] - 0.01
    show.save(1.0)
    show.save(0.9)
    show.save(0.8, reason=SaveReason.PERIODIC)
    show.save(0.7, state=SaveState.FAILED)
    refresh(panel, show)
    urgent, scheduled, failed = (
        bars._item.opts for bars in (panel._urgent, panel._scheduled, panel._failed)
    )
    assert (urgent["y0"][-1], urgent["y1"][-1]) == (0, 2)
    assert (scheduled["y0"][-1], scheduled["y1"][-1]) == (2, 3)
    assert (failed["y0"][-1], failed["y1"][-1]) == (3, 4)
    assert -2.0 < urgent["x0"][-1] < urgent["x1"][-1] < 0
    for bars in (panel._urgent, panel._scheduled, panel._failed):
        assert not any(heights(bars)[:-1])


@pytest.mark.parametrize(
    ("span_s", "hint", "bars"),
    [
        (60.0, "per 2 s", 30),
        (300.0, "per 10 s", 30),
        (900.0, "per half minute", 30),
        (3600.0, "per minute", 60),
    ],
)
def test_that_a_bar_is_as_wide_as_it_says(
    panel: SaveCountsPanel, show: Showcase, span_s: float, hint: str, bars: int
) -> None:
    show.save(span_s / 2)
    panel.set_span(span_s)
    refresh(panel, show)
    assert panel.hint == hint
    assert len(heights(panel._urgent)) == bars
    assert sum(heights(panel._urgent)) == 1


def test_that_the_axis_holds_the_highest_bar(panel: SaveCountsPanel, show: Showcase) -> None:
    for number in range(120):
        show.save(50.0 - number / 1000)
    refresh(panel, show)
    assert max(heights(panel._urgent)) <= panel.chart.getViewBox().viewRange()[1][1]
    assert sum(heights(panel._urgent)) == 120


def test_that_without_saves_there_are_no_bars(panel: SaveCountsPanel, show: Showcase) -> None:
    show.tick(600)
    refresh(panel, show)
    assert not any(heights(panel._urgent))
    assert figures(panel) == {"urgent/min": "0", "periodic": "0", "failed": "0"}
