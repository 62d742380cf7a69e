"""desktop_app.panels.join_card"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop_app.application import HostState
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.join_card import JoinCard
from desktop_app.theme import Theme
from tests.desktop_app.showcase import Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def card(qtbot: QtBot) -> JoinCard:
    card = JoinCard(Theme())
    qtbot.addWidget(card)
    return card


class Browser(QObject):
    """Takes the links that are opened in place of the computer's browser."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url.toString())


@pytest.fixture
def browser(qtbot: QtBot) -> Iterator[Browser]:
    browser = Browser()
    QDesktopServices.setUrlHandler("http", browser, "open")  # type: ignore[arg-type]
    yield browser
    QDesktopServices.unsetUrlHandler("http")


def show_on(card: JoinCard, show: Showcase) -> None:
    card.show_reading(Monitor(show.host).read(show.now))


def address(card: JoinCard) -> str:
    label = card.findChild(QLabel, "address")
    assert isinstance(label, QLabel)
    return label.text()


def test_that_before_the_world_runs_there_is_nothing_to_copy(card: JoinCard) -> None:
    assert address(card) == "–"
    assert not card.copy.isEnabled()
    assert not card._open.isEnabled()
    assert card.accessibleDescription() == "Nobody can join while the world is not running."


def test_that_copying_nothing_leaves_the_clipboard_alone(card: JoinCard) -> None:
    QGuiApplication.clipboard().setText("a letter")
    card.copy_link()
    assert QGuiApplication.clipboard().text() == "a letter"


def test_that_the_address_is_shown_as_it_is_typed(card: JoinCard, show: Showcase) -> None:
    show_on(card, show)
    assert address(card) == "127.0.0.1:8642"
    assert card.hint == "on this computer only"
    show.host.address = ("::1", 8642)
    show_on(card, show)
    assert address(card) == "[::1]:8642"
    assert card.link == "http://[::1]:8642"
    assert card.hint == "on this computer only"


def test_that_a_world_on_all_interfaces_is_not_reached_under_none(
    card: JoinCard, show: Showcase
) -> None:
    show.host.address = ("0.0.0.0", 8642)  # noqa: S104 - nothing listens
    show_on(card, show)
    assert card.link is not None
    assert not card.link.startswith("http://0.")
    assert card.hint == "on this network"
    assert "firewall" in card.accessibleDescription()


def test_that_open_opens_the_link(card: JoinCard, show: Showcase, browser: Browser) -> None:
    card._open_link()
    assert browser.opened == []
    show_on(card, show)
    QTest.mouseClick(card._open, Qt.MouseButton.LeftButton)
    assert browser.opened == ["http://127.0.0.1:8642"]


@pytest.mark.parametrize(
    "state", [HostState.STOPPED, HostState.STARTING, HostState.STOPPING, HostState.FAILED]
)
def test_that_no_link_is_offered_while_the_world_does_not_run(
    card: JoinCard, show: Showcase, state: HostState
) -> None:
    show_on(card, show)
    show.host.state = state
    show_on(card, show)
    assert address(card) == "–"
    assert card.hint == ""
    assert card.link is None
    assert not card._open.isEnabled()
    assert [line.text for line in card._lines] == [
        "Nobody can join while the world is not running.",
        "",
    ]
