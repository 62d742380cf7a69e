"""desktop_app.panels.power_cut; what all cards have in common is in test_inspect_page"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QPainterPath
from pytestqt.qtbot import QtBot

from core.metrics import SaveState
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.power_cut import PowerCutPanel
from desktop_app.panels.stretch import Stretch
from desktop_app.theme import Theme
from tests.desktop_app.showcase import Showcase

ALLOWED_S = 30.0


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path, save_interval_seconds=ALLOWED_S, persist_interval_seconds=ALLOWED_S)


@pytest.fixture
def panel(show: Showcase, qtbot: QtBot) -> PowerCutPanel:
    panel = PowerCutPanel(Theme(), Monitor(show.host))
    qtbot.addWidget(panel)
    panel.resize(600, 200)
    panel.set_span(60.0)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def refresh(panel: PowerCutPanel, show: Showcase) -> None:
    panel.monitor.follow()
    reading = panel.monitor.read(show.now)
    stretch = Stretch(show.now, 60.0)
    panel.set_state(reading)
    panel.draw(show.now, stretch)
    panel.describe(stretch, reading)


def figures(panel: PowerCutPanel) -> list[str]:
    return [str(figure) for figure in panel.figures]


def top(panel: PowerCutPanel) -> float:
    return float(panel.chart.getViewBox().viewRange()[1][1])


def test_that_at_risk_and_to_write_are_never_mixed(panel: PowerCutPanel, show: Showcase) -> None:
    show.set_status(at_risk=2, unsaved=14, oldest_unsaved_s=21.0)
    refresh(panel, show)
    assert figures(panel) == ["at risk 2", "to write 12", "oldest 21 s", "allowed 30 s"]
    assert panel.accessibleDescription() == (
        "A power cut now would cost 2 changes; 12 changes to write, "
        "the oldest 21 s old, 30 s are allowed."
    )


def test_that_the_line_is_broken_where_nothing_was_measured(
    panel: PowerCutPanel, show: Showcase
) -> None:
    for ago_s in (*range(50, 22, -1), *range(10, 0, -1)):
        show.risk(float(ago_s), 0, 1.0)
    refresh(panel, show)
    path = panel._line._item.getPath()
    moves = [
        path.elementAt(place).x
        for place in range(path.elementCount())
        if path.elementAt(place).type == QPainterPath.ElementType.MoveToElement
    ]
    assert moves == pytest.approx([-50.0, -10.0], abs=1.0)


def test_that_nothing_at_risk_is_said_in_a_word(panel: PowerCutPanel, show: Showcase) -> None:
    show.set_status(at_risk=0, unsaved=1, oldest_unsaved_s=4.0)
    refresh(panel, show)
    assert panel.accessibleDescription().startswith(
        "A power cut now would cost nothing; 1 change to write,"
    )


def test_that_trouble_of_another_kind_flags_no_figure_of_this_one(
    panel: PowerCutPanel, show: Showcase
) -> None:
    for number in range(100):
        # Capturing takes most of the tick's budget.
        show.host.metrics.saves.append(show.now - 50 + number / 10, 0, 0, 2, 8, 0.08, 0, 0.001, 0)
    show.set_status(at_risk=0, unsaved=0)
    refresh(panel, show)
    assert panel.figures[0].level is Level.GOOD


def test_that_of_a_stopped_world_only_the_rule_is_known(
    panel: PowerCutPanel, show: Showcase
) -> None:
    show.set_status(at_risk=2, unsaved=14, oldest_unsaved_s=21.0)
    refresh(panel, show)
    show.stop()
    refresh(panel, show)
    assert figures(panel) == ["allowed 30 s"]
    assert panel.accessibleDescription() == "Not known: the world is not running."
    assert panel.hint == "stopped"
    assert not panel.chart._known


def test_that_a_world_that_has_not_told_yet_is_not_taken_for_safe(
    panel: PowerCutPanel, show: Showcase
) -> None:
    show.set_status(running=False)
    refresh(panel, show)
    assert panel.hint == "not known yet"
    assert figures(panel) == ["allowed 30 s"]


def test_that_a_world_that_stands_still_is_not_taken_for_safe(
    panel: PowerCutPanel, show: Showcase
) -> None:
    show.tick(600)
    show.set_status(last_tick_at=show.now - 60.0)
    refresh(panel, show)
    assert panel.hint == "stale"
    assert figures(panel) == ["allowed 30 s"]
    assert panel.accessibleDescription() == "Not known: the world stands still."


def test_that_changes_that_stay_at_risk_are_flagged_and_marked(
    panel: PowerCutPanel, show: Showcase
) -> None:
    for ago_s in range(50, 0, -1):
        show.risk(float(ago_s), 3, 1.0)
    show.save(10.0, state=SaveState.FAILED)
    show.set_status(at_risk=3, unsaved=3, last_commit_at=show.now - 50.0)
    refresh(panel, show)
    levels = {figure.name: figure.level for figure in panel.figures}
    assert levels["at risk"] is Level.BAD
    x, _ = panel._at_risk._item.getData()
    assert len(x) == 49
    assert max(x) == pytest.approx(-1.0, abs=0.5)


def test_that_an_hour_of_risk_has_no_more_marks_than_there_is_room_for(
    panel: PowerCutPanel, show: Showcase
) -> None:
    for number in range(1000):
        show.risk(50.0 - number / 20, 3, 1.0)
    refresh(panel, show)
    seconds_per_pixel, _ = panel.chart.pixel_size
    pixels = 50.0 / seconds_per_pixel
    assert pixels / 10 < len(panel._at_risk._item.getData()[0]) < pixels / 3


def test_that_what_is_saved_at_once_is_not_marked(panel: PowerCutPanel, show: Showcase) -> None:
    for ago_s in range(50, 0, -1):
        show.risk(float(ago_s), ago_s % 2, 1.0)
    refresh(panel, show)
    assert len(panel._at_risk._item.getData()[0]) == 0


def test_that_the_line_follows_the_oldest_change(panel: PowerCutPanel, show: Showcase) -> None:
    for ago_s in range(50, 0, -1):
        show.risk(float(ago_s), 0, 20.0 if ago_s == 25 else 1.0)
    refresh(panel, show)
    x, y = panel._line._item.getData()
    assert (min(y), max(y)) == (1.0, 20.0)
    assert x[y.argmax()] == pytest.approx(-25.0, abs=0.5)


def test_that_the_limit_is_in_sight_however_low_the_line(
    panel: PowerCutPanel, show: Showcase
) -> None:
    show.risk(5.0, 0, 0.1)
    refresh(panel, show)
    assert panel._allowed._item.value() == ALLOWED_S
    assert ALLOWED_S < top(panel) < 2 * ALLOWED_S


def test_that_the_axis_grows_with_a_change_that_is_far_too_old(
    panel: PowerCutPanel, show: Showcase
) -> None:
    show.risk(5.0, 0, 400.0)
    show.set_status(unsaved=1, oldest_unsaved_s=400.0)
    refresh(panel, show)
    assert top(panel) >= 400.0
    levels = {figure.name: figure.level for figure in panel.figures}
    assert levels["oldest"] is Level.BAD
