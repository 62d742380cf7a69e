"""desktop_app.theme"""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from pytestqt.qtbot import QtBot

from core.resources import resource_path
from desktop_app.monitor.levels import Level
from desktop_app.theme import DARK, LIGHT, Palette, Theme

# What WCAG 2 asks for of text, and of signs and lines.
TEXT_CONTRAST_MIN, SIGN_CONTRAST_MIN = 4.5, 3.0


def luminance(name: str) -> float:
    color = QColor(name)
    red, green, blue = (linear(part) for part in (color.redF(), color.greenF(), color.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [DARK, LIGHT])
@pytest.mark.parametrize("background", ["surface", "window", "selected"])
def test_that_text_can_be_read(palette: Palette, background: str) -> None:
    ground = getattr(palette, background)
    for name in ("text", "muted"):
        assert contrast(getattr(palette, name), ground) >= TEXT_CONTRAST_MIN
    assert contrast(palette.on_good, palette.good) >= TEXT_CONTRAST_MIN


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_that_signs_stand_out(palette: Palette) -> None:
    for level in Level:
        assert contrast(palette.level(level), palette.surface) >= SIGN_CONTRAST_MIN


def test_that_it_follows_the_system_live(qtbot: QtBot) -> None:
    theme = Theme()
    hints = QGuiApplication.styleHints()
    with qtbot.waitSignal(theme.changed, timeout=1000):
        hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.palette is DARK
    with qtbot.waitSignal(theme.changed, timeout=1000):
        hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert theme.palette is LIGHT
    with qtbot.assertNotEmitted(theme.changed):
        hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)


@pytest.mark.usefixtures("qapp")
def test_that_the_style_sheet_leaves_no_colour_open() -> None:
    assert "$" not in Theme().style_sheet()


# From the colours of the window to those of the pages.
ON_PAGES = {
    "window": "ground",
    "surface": "card",
    "border": "edge",
    "text": "text",
    "muted": "quiet",
    "on_good": "on-accent",
    "good": "good",
    "warn": "warn",
    "bad": "bad",
}


def page_colors(palette: Palette) -> dict[str, str]:
    light, dark = resource_path("web/starkeep.css").read_text(encoding="utf-8").split("@media")[:2]
    return dict(re.findall(r"--([\w-]+): (#\w+);", light if palette is LIGHT else dark))


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_that_the_pages_have_the_colours_of_the_window(palette: Palette) -> None:
    colors = page_colors(palette)
    assert {name: colors[on_pages] for name, on_pages in ON_PAGES.items()} == {
        name: getattr(palette, name) for name in ON_PAGES
    }


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_that_the_text_of_the_pages_can_be_read(palette: Palette) -> None:
    colors = page_colors(palette)
    for name in ("text", "quiet", "accent", "bad"):
        for ground in ("ground", "card", "code"):
            assert contrast(colors[name], colors[ground]) >= TEXT_CONTRAST_MIN, (name, ground)
    for name in ("text", "quiet"):
        # The sky above the page is brightest where it glows.
        assert contrast(colors[name], colors["glow"]) >= TEXT_CONTRAST_MIN, name
    assert contrast(colors["on-accent"], colors["accent"]) >= TEXT_CONTRAST_MIN
