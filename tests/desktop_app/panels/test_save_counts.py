"""desktop_app.panels.save_counts; what all cards have in common is in test_inspect_page"""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.metrics import Metrics, SaveState
from core.save_batch import SaveReason
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.save_counts import SLOT_S, SLOT_WORDS, SaveCountsPanel
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
    assert figures(panel) == {"urgent": "4.0", "periodic": "2.0", "failed": "1.0"}
    assert panel.accessibleDescription() == (
        "Saves in the last minute: 4 urgent, 2 periodic, 1 failed."
    )


def test_that_a_world_of_half_a_minute_is_not_taken_for_a_whole_one(
    panel: SaveCountsPanel, show: Showcase
) -> None:
    show.tick(300)
    for ago_s in (25.0, 20.0, 15.0, 10.0, 5.0):
        show.save(ago_s)
    show.save(4.0, reason=SaveReason.PERIODIC)
    show.save(3.0, reason=SaveReason.PERIODIC, state=SaveState.FAILED)
    refresh(panel, show)
    assert figures(panel) == {"urgent": "10", "periodic": "2.0", "failed": "2.0"}


def test_that_more_saves_than_are_kept_are_counted_for_as_long_as_they_are_kept(
    panel: SaveCountsPanel, show: Showcase
) -> None:
    show.host.metrics = Metrics(save_ring_capacity=1001)
    show.risk(3600.0, 0, 0.0)
    show.tick(120)
    for number in range(2000, 0, -1):
        # Ten a second, one of twenty on schedule: what is kept goes back 100 s.
        reason = SaveReason.URGENT if number % 20 else SaveReason.PERIODIC
        show.save(number / 10, reason=reason)
    for span_s in SLOT_S:
        panel.set_span(span_s)
        refresh(panel, show)
        panel.set_state(panel.monitor.read(show.now))
        shown = {name: float(value) for name, value in figures(panel).items()}
        assert shown == pytest.approx({"urgent": 570, "periodic": 30, "failed": 0}, rel=0.01)
        if span_s == 60.0:
            assert panel.accessibleDescription().startswith("Saves in the last minute: 570 urgent")
            assert panel.chart.known_since is None
            assert panel.hint == "per 2 s"
        else:
            assert panel.accessibleDescription() == (
                "Saves in the last 100 s: 950 urgent, 50 periodic, 0 failed;"
                " older ones are not kept."
            )
            assert panel.chart.known_since is not None
            assert panel.chart.known_since == pytest.approx(-100.0, abs=panel.slot_s)
            assert panel.hint == f"{SLOT_WORDS[panel.slot_s]}, kept for 100 s"
        # No bar is lower than it was for want of samples.
        assert set(heights(panel._urgent)[:-1]) <= {0.0, 9.5 * panel.slot_s}


def test_that_nothing_is_counted_after_a_world_has_stood_still(
    panel: SaveCountsPanel, show: Showcase
) -> None:
    show.tick(120)
    for number in range(10, 0, -1):
        show.save(number - 0.5)
    show.now += 40.0
    refresh(panel, show)
    # Ten in the twelve seconds of which something is known.
    assert figures(panel)["urgent"] == "50"
    show.now += 40.0
    refresh(panel, show)
    assert panel.figures == ()


def test_that_bars_fit_again_at_once_where_they_are_of_less_time(
    panel: SaveCountsPanel, show: Showcase
) -> None:
    for number in range(500, 0, -1):
        show.save(number / 10)
    panel.set_span(3600.0)
    refresh(panel, show)
    panel.set_span(60.0)
    refresh(panel, show)
    assert panel.chart.getViewBox().viewRange()[1][1] < 30


def test_that_a_stretch_of_which_nothing_is_kept_has_no_figures(
    panel: SaveCountsPanel, show: Showcase
) -> None:
    show.host.metrics = Metrics(save_ring_capacity=101)
    for number in range(200, 0, -1):
        show.save(number / 10)
    panel.monitor.follow()
    frozen = Stretch(show.now - 60.0, 60.0)
    panel.draw(show.now, frozen)
    panel.describe(frozen, panel.monitor.read(show.now))
    assert panel.figures == ()
    assert panel.accessibleDescription() == "The saves of this time are not known."


def test_that_a_save_from_before_the_stretch_does_not_count(
    panel: SaveCountsPanel, show: Showcase
) -> None:
    show.save(70.0)
    show.save(5.0)
    refresh(panel, show)
    assert figures(panel)["urgent"] == "1.0"
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
    assert figures(panel) == {"urgent": "0", "periodic": "0", "failed": "0"}
