"""desktop_app.widgets.chart"""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from desktop_app.monitor.scales import linear_scale
from desktop_app.theme import Theme
from desktop_app.widgets.chart import COLUMN_PX, Chart


@pytest.fixture
def chart(qtbot: QtBot) -> Chart:
    chart = Chart(Theme())
    qtbot.addWidget(chart)
    chart.set_span(60.0)
    chart.set_scale(linear_scale(10.0, "ms"))
    chart.resize(600, 200)
    with qtbot.waitExposed(chart):
        chart.show()
    return chart


def has_color(chart: Chart, name: str) -> bool:
    image: QImage = chart.grab().toImage()
    wanted = chart._theme.color(name)
    return any(
        QColor(image.pixel(x, y)) == wanted
        for x in range(image.width())
        for y in range(image.height())
    )


def test_that_a_column_is_a_whole_number_of_pixels(chart: Chart) -> None:
    seconds_per_pixel, _ = chart.pixel_size
    assert chart.column_width_s / seconds_per_pixel == pytest.approx(COLUMN_PX)


def test_that_what_is_drawn_can_be_seen(chart: Chart) -> None:
    line, bars = chart.add_line("good"), chart.add_bars("warn")
    marks = chart.add_marks("bad", "s", size_px=9)
    assert not any(has_color(chart, name) for name in ("good", "warn", "bad"))
    line.draw(np.array([-50.0, -40.0]), np.array([5.0, 5.0]))
    bars.draw(np.array([-30.0]), 2.0, 0.0, np.array([8.0]))
    marks.draw(np.array([-10.0]), np.array([5.0]))
    assert all(has_color(chart, name) for name in ("good", "warn", "bad"))


def test_that_what_is_not_known_any_more_turns_grey(chart: Chart) -> None:
    bars = chart.add_bars("good")
    bars.draw(np.array([-30.0]), 2.0, 0.0, np.array([8.0]))
    chart.set_known(False)
    assert not has_color(chart, "good")
    assert has_color(chart, "faint")


def test_that_a_time_of_which_nothing_is_known_is_shaded(chart: Chart) -> None:
    line = chart.add_line("good")
    line.draw(np.array([-50.0, -40.0]), np.array([5.0, 5.0]))
    chart.set_known_since(None)
    assert not has_color(chart, "selected")
    chart.set_known_since(-30.0)
    assert has_color(chart, "selected")
    # Behind what is drawn.
    assert has_color(chart, "good")
    chart.set_known_since(-70.0)
    assert not has_color(chart, "selected")


def test_that_a_shade_fills_nothing_but_the_time_it_is_about(chart: Chart) -> None:
    line = chart.add_line("good")
    line.draw(np.array([-30.0, -20.0, -10.0]), np.array([0.0, 10.0, 0.0]))
    chart.set_known_since(-50.0)
    image = chart.grab().toImage()
    below_the_line = chart.mapFromScene(chart.getViewBox().mapViewToScene(QPoint(-20, 5)))
    shown = QColor(image.pixel(below_the_line.x(), below_the_line.y()))
    assert shown == chart._theme.color("surface")


def test_that_a_chart_takes_the_colours_of_a_new_theme(chart: Chart) -> None:
    bars = chart.add_bars("good")
    bars.draw(np.array([-30.0]), 2.0, 0.0, np.array([8.0]))
    light = chart._theme.color("good")
    chart._theme.use(Qt.ColorScheme.Dark)
    assert chart._theme.color("good") != light
    assert has_color(chart, "good")
    assert has_color(chart, "surface")


@pytest.mark.usefixtures("qapp")
def test_that_a_chart_that_was_closed_takes_no_colours() -> None:
    theme = Theme()
    chart = Chart(theme)
    chart.close()
    # What it would paint is gone, while it is there until it is collected.
    theme.use(Qt.ColorScheme.Dark)
    assert chart.closed


# The chart itself only listens.
@pytest.mark.qt_log_ignore("not accepted by receiving widget")
def test_that_a_click_tells_where_it_was(chart: Chart, qtbot: QtBot) -> None:
    place = chart.mapFromScene(chart.getViewBox().mapViewToScene(QPoint(-20, 5)))
    with qtbot.waitSignal(chart.clicked, timeout=5000) as clicked:
        QTest.mouseClick(chart.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert clicked.args == pytest.approx([-20, 5], abs=0.5)


def test_that_no_sample_moves_an_axis_and_there_is_no_grid(chart: Chart) -> None:
    view = chart.getViewBox()
    before = view.viewRange()
    chart.add_line("good").draw(np.array([-500.0, 0.0]), np.array([-1e6, 1e6]))
    chart.grab()
    assert view.viewRange() == before
    assert not any(chart.getAxis(name).grid for name in ("left", "bottom"))
