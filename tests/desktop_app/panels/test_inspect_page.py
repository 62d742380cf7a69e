"""desktop_app.panels.inspect_page and the cards on it"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.metrics import Metrics, SaveState
from core.save_batch import SaveReason
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.inspect_page import InspectPage
from desktop_app.panels.power_cut import stays_at_risk
from desktop_app.panels.save_counts import by_kind
from desktop_app.panels.save_durations import durations_ms
from desktop_app.panels.stretch import SPANS_S, Stretch
from desktop_app.theme import Theme
from tests.desktop_app.showcase import Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def page(show: Showcase, qtbot: QtBot) -> InspectPage:
    page = InspectPage(Theme(), Monitor(show.host))
    qtbot.addWidget(page)
    page.resize(1200, 800)
    with qtbot.waitExposed(page):
        page.show()
    return page


def refresh(page: InspectPage, show: Showcase) -> None:
    """Refresh as often as it takes to draw and describe every card."""
    page._monitor.follow()
    reading = page._monitor.read(show.now)
    page.show_reading(reading)
    for _ in page.panels:
        page.draw(show.now, reading)


def figures(page: InspectPage) -> dict[str, str]:
    return {panel.accessibleName(): "   ".join(map(str, panel.figures)) for panel in page.panels}


def test_that_every_card_shows_its_figures(page: InspectPage, show: Showcase) -> None:
    show.tick(600)
    show.save(20.0)
    show.save(10.0, reason=SaveReason.PERIODIC)
    show.save(5.0, state=SaveState.FAILED)
    show.set_status(at_risk=0, unsaved=14, oldest_unsaved_s=41.0)
    refresh(page, show)
    shown = figures(page)
    assert shown["Does the world keep time?"] == "p50 2.5   p95 2.5   max 2.5 ms   budget 100"
    assert shown["Do ticks start when they should?"] == "p95 0.30   max 0.30 ms   skipped 0"
    assert shown["How long does a save take?"] == "p50 4.7   p95 4.7   max 4.7 ms"
    assert shown["How many saves, and why?"] == "1.0 urgent   1.0 periodic   1.0 failed /min"
    assert shown["What would a power cut cost now?"] == (
        "at risk 0   to write 14   oldest 41 s   allowed 60 s"
    )
    assert shown["Where does a tick go?"] == "mean 2.5 ms"


def test_that_every_card_has_a_sentence_for_a_screen_reader(
    page: InspectPage, show: Showcase
) -> None:
    show.tick(600)
    show.save(20.0)
    refresh(page, show)
    for panel in page.panels:
        assert panel.accessibleName()
        assert panel.accessibleDescription().endswith(".")


def test_that_an_empty_world_draws_without_complaint(page: InspectPage, show: Showcase) -> None:
    for span_s in SPANS_S:
        page.set_span(span_s)
        refresh(page, show)
    assert figures(page)["Does the world keep time?"] == "budget 100 ms"


def test_that_a_fresh_start_says_that_it_is_warming_up(page: InspectPage, show: Showcase) -> None:
    show.tick(34)
    refresh(page, show)
    assert {panel.hint for panel in page.panels} == {"warming up 34/120"}


def test_that_a_stopped_world_is_grey_and_says_so(page: InspectPage, show: Showcase) -> None:
    show.tick(600)
    refresh(page, show)
    show.stop()
    refresh(page, show)
    assert {panel.hint for panel in page.panels} == {"stopped"}
    assert not page.panels[0].chart._known


def test_that_all_charts_share_one_axis_of_time(page: InspectPage) -> None:
    page.set_span(900.0)
    spans = {panel.chart.span_s for panel in page.panels if hasattr(panel, "chart")}
    assert spans == {900.0}


def test_that_space_freezes_and_home_returns_to_the_present(
    page: InspectPage, qtbot: QtBot
) -> None:
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_Space)
    frozen = page.frozen_at
    assert frozen is not None
    assert page._stretch().until == page._stretch().until == frozen
    QTest.keyClick(page, Qt.Key.Key_Home)
    assert page.frozen_at is None
    assert page._stretch().until > frozen


def test_that_a_frozen_chart_leaves_out_what_came_later(page: InspectPage, show: Showcase) -> None:
    page.frozen_at = show.now - 10.0
    show.tick(600, work_s=0.001)
    refresh(page, show)
    shown = page._monitor.ticks.between(page._stretch().since, page._stretch().until)
    assert shown["at"].max() <= page.frozen_at


def test_that_a_new_run_shows_nothing_of_the_last_one(page: InspectPage, show: Showcase) -> None:
    show.tick(600)
    show.save(5.0)
    refresh(page, show)
    page.frozen_at = show.now
    page.panels[2]._chosen_at = show.now - 5.0
    refresh(page, show)
    show.host.metrics = Metrics()
    assert page._monitor.follow()
    page.begin_anew()
    assert page.frozen_at is None
    assert page.panels[2]._chosen_at is None
    # The instant is the same: only what is shown has changed.
    page.frozen_at = show.now
    refresh(page, show)
    for panel in page.panels[:2]:
        items = [item for item, _ in panel.chart._items if not isinstance(item, pg.InfiniteLine)]
        assert all(item.boundingRect().width() == 0 for item in items)


def test_that_a_refresh_draws_only_a_few_charts(
    page: InspectPage, show: Showcase, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    for panel in page.panels:
        monkeypatch.setattr(panel, "_draw", lambda *_: drawn.append("a chart"), raising=False)
    show.tick(10)
    page._monitor.follow()
    page.draw(show.now, page._monitor.read(show.now))
    assert len(drawn) == 2


def test_that_a_chart_without_news_is_not_drawn_again(page: InspectPage, show: Showcase) -> None:
    show.tick(600)
    page._monitor.follow()
    stretch = Stretch(show.now, 60.0)
    panel = page.panels[0]
    assert panel.draw(show.now, stretch)
    assert not panel.draw(show.now, stretch)


def test_that_failed_saves_are_flagged(page: InspectPage, show: Showcase) -> None:
    show.save(5.0, state=SaveState.FAILED)
    refresh(page, show)
    levels = {figure.name: figure.level for figure in page.panels[3].figures}
    assert levels["failed"] > Level.GOOD


def test_that_a_clicked_save_shows_its_parts(page: InspectPage, show: Showcase) -> None:
    show.save(30.0, execute_s=0.5)
    show.save(5.0)
    refresh(page, show)
    panel = page.panels[2]
    saves = page._monitor.saves.between(0.0)
    x = float(saves["at"][0]) - panel._edge
    y = float(np.log10(durations_ms(saves)[0]))
    panel.chart.clicked.emit(x, y)
    assert "write 500" in panel._parts.accessibleName()
    panel.chart.clicked.emit(x, y + 100)
    assert "last: urgent, 8 rows" in panel._parts.accessibleName()


def test_that_saves_are_told_apart_by_their_reason(show: Showcase) -> None:
    show.save(4.0)
    show.save(3.0, reason=SaveReason.MANUAL)
    show.save(2.0, reason=SaveReason.FINAL, state=SaveState.RETRIED)
    show.save(1.0, state=SaveState.FAILED)
    assert [len(at) for at in by_kind(show.host.metrics.saves.latest())] == [1, 2, 1]


def test_that_only_what_stays_at_risk_is_marked(show: Showcase) -> None:
    for ago_s, at_risk in ((6, 2), (5, 2), (4, 2), (3, 2), (2, 0), (1, 2)):
        show.risk(float(ago_s), at_risk, 1.0)
    show.save(4.5)
    marked = stays_at_risk(show.host.metrics.risk.latest(), show.host.metrics.saves.latest())
    assert marked.tolist() == [False, True, False, True, False, False]
