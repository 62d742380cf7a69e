"""desktop_app.panels.save_durations; what all cards have in common is in test_inspect_page"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from core.metrics import SAVE_REASONS, SaveState
from core.save_batch import SaveReason
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.save_durations import LEAST_MS, MANY_ROWS, SaveDurationsPanel
from desktop_app.panels.stretch import Stretch
from desktop_app.theme import Theme
from desktop_app.widgets.chart import Marks
from tests.desktop_app.showcase import Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def panel(show: Showcase, qtbot: QtBot) -> SaveDurationsPanel:
    panel = SaveDurationsPanel(Theme(), Monitor(show.host))
    qtbot.addWidget(panel)
    panel.resize(600, 240)
    panel.set_span(60.0)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def save(
    show: Showcase,
    ago_s: float,
    parts_ms: tuple[float, float, float, float],
    *,
    rows: int = 8,
    state: SaveState = SaveState.COMMITTED,
) -> None:
    """Write a save with what capture, waiting, writing and commit have taken."""
    reason = SAVE_REASONS.index(SaveReason.PERIODIC)
    seconds = (part / 1000 for part in parts_ms)
    show.host.metrics.saves.append(show.now - ago_s, state, reason, 2, rows, *seconds)


def refresh(panel: SaveDurationsPanel, show: Showcase) -> None:
    panel.monitor.follow()
    reading = panel.monitor.read(show.now)
    stretch = Stretch(show.now, 60.0)
    panel.draw(show.now, stretch)
    panel.describe(stretch, reading)


def figures(panel: SaveDurationsPanel) -> dict[str, str]:
    return {figure.name: figure.value for figure in panel.figures}


def drawn_ms(marks: Marks) -> list[float]:
    """Return the durations that marks stand for."""
    return [10 ** float(y) for y in marks._item.getData()[1]]


def parts(panel: SaveDurationsPanel) -> str:
    return panel._parts.accessibleName()


def click(panel: SaveDurationsPanel, x: float, duration_ms: float) -> None:
    panel.chart.clicked.emit(x, float(np.log10(duration_ms)))


def test_that_every_figure_comes_from_the_saves(panel: SaveDurationsPanel, show: Showcase) -> None:
    for number in range(9):
        save(show, 50.0 - number, (1, 1, 1, 2))
    save(show, 30.0, (10, 20, 30, 40))
    refresh(panel, show)
    assert figures(panel) == {"p50": "5.0", "p95": "100", "max": "100"}
    assert panel.accessibleDescription() == (
        "10 saves in the last minute: half below 5.0 ms, p95 100 ms, at most 100 ms."
    )


def test_that_a_save_that_failed_is_no_duration(panel: SaveDurationsPanel, show: Showcase) -> None:
    save(show, 30.0, (1, 1, 1, 2))
    save(show, 20.0, (1, 0, 5000, 0), state=SaveState.FAILED)
    refresh(panel, show)
    assert figures(panel)["max"] == "5.0"
    assert panel.accessibleDescription().startswith("1 save in")


def test_that_without_saves_nothing_is_claimed(panel: SaveDurationsPanel, show: Showcase) -> None:
    refresh(panel, show)
    assert panel.figures == ()
    assert panel.accessibleDescription() == "No save in the last minute."
    assert parts(panel) == "no save yet"


def test_that_marks_are_told_apart_by_rows_and_outcome(
    panel: SaveDurationsPanel, show: Showcase
) -> None:
    save(show, 50.0, (1, 1, 1, 1), rows=MANY_ROWS - 1)
    save(show, 40.0, (2, 2, 2, 2), rows=MANY_ROWS)
    save(show, 30.0, (4, 4, 4, 4), rows=MANY_ROWS, state=SaveState.RETRIED)
    save(show, 20.0, (8, 0, 8, 0), state=SaveState.FAILED)
    refresh(panel, show)
    assert drawn_ms(panel._small) == pytest.approx([4])
    assert drawn_ms(panel._large) == pytest.approx([8])
    assert drawn_ms(panel._retried) == pytest.approx([16])
    assert drawn_ms(panel._failed) == pytest.approx([16])
    assert panel._large._item.getData()[0] == pytest.approx([-40.0], abs=1.0)


def test_that_marks_that_would_hide_one_another_are_drawn_once(
    panel: SaveDurationsPanel, show: Showcase
) -> None:
    for number in range(1000):
        save(show, 30.0 - number / 10_000, (1, 1, 1, 1))
    save(show, 10.0, (1, 1, 1, 1))
    refresh(panel, show)
    assert 2 <= len(drawn_ms(panel._small)) <= 4


@pytest.mark.parametrize(
    ("name", "rows", "state"),
    [
        ("_small", MANY_ROWS - 1, SaveState.COMMITTED),
        ("_large", MANY_ROWS, SaveState.COMMITTED),
        ("_retried", 8, SaveState.RETRIED),
        ("_failed", 8, SaveState.FAILED),
    ],
)
def test_that_there_are_no_more_marks_than_there_is_room_for(
    panel: SaveDurationsPanel, show: Showcase, name: str, rows: int, state: SaveState
) -> None:
    for number in range(2000):
        save(show, 55.0 - number / 40, (1, 0, 1, 0), rows=rows, state=state)
    refresh(panel, show)
    drawn = len(drawn_ms(getattr(panel, name)))
    seconds_per_pixel, _ = panel.chart.pixel_size
    pixels = 50.0 / seconds_per_pixel
    # Close to one another, but no two on the same few pixels.
    assert pixels / 10 < drawn < pixels / 3


def test_that_a_save_that_took_no_time_can_be_drawn(
    panel: SaveDurationsPanel, show: Showcase
) -> None:
    save(show, 30.0, (0, 0, 0, 0))
    refresh(panel, show)
    assert drawn_ms(panel._small) == pytest.approx([LEAST_MS])
    assert parts(panel) == ("last: periodic, 8 rows, capture 0, waited 0, write 0, commit 0 ms")


def test_that_the_parts_are_those_of_the_last_save(
    panel: SaveDurationsPanel, show: Showcase
) -> None:
    save(show, 30.0, (9, 9, 9, 9))
    save(show, 20.0, (1, 2, 3, 4), rows=1)
    refresh(panel, show)
    assert parts(panel) == (
        "last: periodic, 1 row, capture 1.0, waited 2.0, write 3.0, commit 4.0 ms"
    )


def test_that_a_failed_save_tells_how_long_it_was_tried(
    panel: SaveDurationsPanel, show: Showcase
) -> None:
    save(show, 20.0, (1, 0, 5000, 0), state=SaveState.FAILED)
    refresh(panel, show)
    assert parts(panel) == "last: failed, capture 1.0, failed after 5000 ms"


def test_that_a_clicked_save_stays_chosen_when_others_follow(
    panel: SaveDurationsPanel, show: Showcase
) -> None:
    save(show, 40.0, (1, 1, 50, 1))
    save(show, 20.0, (1, 1, 1, 1))
    refresh(panel, show)
    click(panel, show.now - 40.0 - panel._edge, 53.0)
    assert "write 50" in parts(panel)
    clock = time.localtime(time.time() - (time.perf_counter() - show.now) - 40.0)
    assert parts(panel)[:8] == time.strftime("%H:%M:%S", clock)
    save(show, 1.0, (1, 1, 1, 1))
    refresh(panel, show)
    assert "write 50" in parts(panel)


def test_that_a_click_beside_all_marks_chooses_the_last(
    panel: SaveDurationsPanel, show: Showcase
) -> None:
    save(show, 40.0, (1, 1, 50, 1))
    save(show, 20.0, (1, 1, 7, 1))
    refresh(panel, show)
    click(panel, show.now - 40.0 - panel._edge, 53.0)
    click(panel, -30.0, 53.0)
    assert parts(panel).startswith("last: ")
    assert "write 7" in parts(panel)


def test_that_a_click_before_anything_was_saved_is_harmless(panel: SaveDurationsPanel) -> None:
    click(panel, -30.0, 10.0)
    assert parts(panel) == "no save yet"


def test_that_a_chosen_save_that_is_out_of_sight_is_not_taken_for_another(
    panel: SaveDurationsPanel, show: Showcase
) -> None:
    save(show, 40.0, (1, 1, 50, 1))
    save(show, 20.0, (1, 1, 7, 1))
    save(show, 10.0, (1, 1, 9, 1))
    refresh(panel, show)
    click(panel, -40.0, 53.0)
    assert "write 50" in parts(panel)
    show.now += 30
    refresh(panel, show)
    assert parts(panel).startswith("last:")
    assert "write 9" in parts(panel)
