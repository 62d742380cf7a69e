"""desktop_app.panels.tick_work; what all cards have in common is in test_inspect_page"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from desktop_app.main_window import MainWindow
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.stretch import Stretch
from desktop_app.panels.tick_work import TickWorkPanel
from desktop_app.theme import Theme
from desktop_app.widgets.chart import Bars
from tests.desktop_app.showcase import LATENESS_S, PHASES_S, Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def panel(show: Showcase, qtbot: QtBot) -> TickWorkPanel:
    panel = TickWorkPanel(Theme(), Monitor(show.host))
    qtbot.addWidget(panel)
    panel.resize(600, 200)
    panel.set_span(60.0)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def tick(show: Showcase, work_ms: list[float]) -> None:
    """Write ticks that end now, a tenth of a second apart."""
    for place, work in enumerate(work_ms):
        at = show.now - (len(work_ms) - place) * 0.1
        show.host.metrics.note_tick(at, LATENESS_S, work / 1000, PHASES_S, 0)


def refresh(panel: TickWorkPanel, show: Showcase) -> None:
    panel.monitor.follow()
    reading = panel.monitor.read(show.now)
    stretch = Stretch(show.now, 60.0)
    panel.set_state(reading)
    panel.draw(show.now, stretch)
    panel.describe(stretch, reading)


def figures(panel: TickWorkPanel) -> dict[str, str]:
    return {figure.name: figure.value for figure in panel.figures}


def tops_ms(bars: Bars) -> list[float]:
    """Return how high the bars of a colour reach."""
    return [10 ** float(top) for top in bars._item.opts["y1"]]


def test_that_every_figure_comes_from_the_ticks(panel: TickWorkPanel, show: Showcase) -> None:
    tick(show, [2.0] * 90 + [7.0] * 9 + [40.0])
    refresh(panel, show)
    assert figures(panel) == {"p50": "2.0", "p95": "7.0", "max": "40", "budget": "100"}
    assert panel.accessibleDescription() == (
        "Work per tick in the last minute: half below 2.0 ms, p95 7.0 ms, "
        "at most 40 ms of a budget of 100 ms."
    )


def test_that_ticks_from_before_the_stretch_do_not_count(
    panel: TickWorkPanel, show: Showcase
) -> None:
    tick(show, [90.0] * 100 + [2.0] * 600)
    refresh(panel, show)
    assert figures(panel)["max"] == "2.0"


def test_that_without_ticks_only_the_budget_is_known(panel: TickWorkPanel, show: Showcase) -> None:
    refresh(panel, show)
    assert [str(figure) for figure in panel.figures] == ["budget 100 ms"]
    assert panel.accessibleDescription() == "No tick in this time."
    assert tops_ms(panel._band) == tops_ms(panel._over) == []


def test_that_what_is_over_the_budget_is_drawn_apart(panel: TickWorkPanel, show: Showcase) -> None:
    tick(show, [2.0] * 300 + [250.0] + [2.0] * 299)
    refresh(panel, show)
    assert tops_ms(panel._over) == pytest.approx([250.0])
    low, _ = panel.chart.getViewBox().viewRange()[1]
    assert panel._over._item.opts["y0"] == pytest.approx(low)
    assert max(tops_ms(panel._band)) < 100
    assert panel._budget._item.value() == pytest.approx(np.log10(100))


def test_that_a_column_spans_all_ticks_that_share_it(panel: TickWorkPanel, show: Showcase) -> None:
    tick(show, [1.0, 30.0] * 300)
    refresh(panel, show)
    opts = panel._band._item.opts
    # Those at the ends may be shared by fewer ticks than the others.
    assert 10 ** opts["y0"][1:-1] == pytest.approx(1.0)
    assert 10 ** opts["y1"][1:-1] == pytest.approx(30.0)


def test_that_a_tick_without_work_can_be_drawn(panel: TickWorkPanel, show: Showcase) -> None:
    tick(show, [0.0] * 200)
    refresh(panel, show)
    assert all(top > 0 for top in tops_ms(panel._band))
    assert figures(panel)["max"] == "0"


def test_that_a_p95_over_the_budget_is_flagged(panel: TickWorkPanel, show: Showcase) -> None:
    tick(show, [150.0] * 600)
    refresh(panel, show)
    assert [figure.name for figure in panel.figures if figure.level is Level.BAD] == ["p95"]


def test_that_a_world_that_stands_still_is_grey_and_says_so(
    panel: TickWorkPanel, show: Showcase
) -> None:
    tick(show, [2.0] * 600)
    refresh(panel, show)
    assert panel.hint == "work per tick"
    assert panel.chart._known
    show.set_status(last_tick_at=show.now - 5.0)
    refresh(panel, show)
    assert panel.hint == "stale"
    assert not panel.chart._known


def test_that_nothing_is_drawn_while_its_page_is_out_of_sight(
    tmp_path: Path, qtbot: QtBot, show: Showcase
) -> None:
    window = MainWindow(show.host)
    qtbot.addWidget(window)
    panel = window.inspect_page.panels[0]
    assert isinstance(panel, TickWorkPanel)
    tick(show, [2.0] * 600)
    window.show_page(0)
    window.show()
    for _ in window.inspect_page.panels:
        window.refresh()
    assert tops_ms(panel._band) == []
    assert panel.figures == ()
    window.show_page(1)
    window.refresh()
    assert tops_ms(panel._band) != []
    window.end()
