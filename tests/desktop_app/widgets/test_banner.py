"""desktop_app.widgets.banner"""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop_app.theme import Theme
from desktop_app.widgets.banner import Banner


@pytest.fixture
def banner(qtbot: QtBot) -> Banner:
    banner = Banner(Theme())
    qtbot.addWidget(banner)
    return banner


def dismiss(banner: Banner) -> None:
    (button,) = banner.findChildren(QPushButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_that_it_is_not_there_while_there_is_nothing_to_say(banner: Banner) -> None:
    assert not banner.isVisible()


def test_that_a_message_is_shown_and_told_to_a_screen_reader(banner: Banner) -> None:
    banner.show_text("Nothing was saved: the disk is full.")
    assert banner.isVisible()
    assert banner.text == banner.accessibleName() == "Nothing was saved: the disk is full."


def test_that_a_message_is_shown_to_the_letter(banner: Banner) -> None:
    label = banner.findChild(QLabel)
    assert isinstance(label, QLabel)
    banner.show_text("world.db is damaged")
    plain = label.sizeHint().width()
    banner.show_text("<i></i>world.db is damaged")
    assert label.sizeHint().width() > plain


@pytest.mark.parametrize("nothing", [None, ""])
def test_that_it_goes_when_it_is_no_longer_true(banner: Banner, nothing: str | None) -> None:
    banner.show_text("Nothing was saved.")
    banner.show_text(nothing)
    assert not banner.isVisible()
    assert banner.text == banner.accessibleName() == ""


def test_that_only_the_message_that_is_shown_is_taken_back(banner: Banner) -> None:
    banner.show_text("Nothing was saved.")
    banner.take_back("Backing up failed.")
    assert banner.isVisible()
    banner.take_back("Nothing was saved.")
    assert not banner.isVisible()


def test_that_it_can_be_dismissed_until_there_is_something_again(banner: Banner) -> None:
    banner.show_text("Nothing was saved.")
    dismiss(banner)
    assert not banner.isVisible()
    banner.show_text("Nothing was saved.")
    assert banner.isVisible()


def test_that_its_sign_is_that_of_something_bad(banner: Banner) -> None:
    banner.show_text("Nothing was saved.")
    image = banner.grab().toImage()
    bad = Theme().color("bad")
    assert any(image.pixelColor(x, image.height() // 2) == bad for x in range(40))
