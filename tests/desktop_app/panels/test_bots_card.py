"""desktop_app.panels.bots_card"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.bots.driver import BotFigures
from core.bots.strength import Strength
from core.config import BOTS_MOST
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.bots_card import NOBODY, BotsCard
from desktop_app.theme import Theme
from tests.desktop_app.showcase import Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def card(qtbot: QtBot) -> BotsCard:
    card = BotsCard(Theme())
    qtbot.addWidget(card)
    card.show()
    return card


@pytest.fixture
def wanted(card: BotsCard) -> list[object]:
    wanted: list[object] = []
    card.more_wanted.connect(lambda at_least, strength: wanted.append((at_least, strength)))
    card.pause_wanted.connect(wanted.append)
    return wanted


def show_on(card: BotsCard, show: Showcase, figures: BotFigures | None = None) -> None:
    show.simulation.bots.figures = figures or BotFigures()
    card.show_reading(Monitor(show.host).read(show.now))


def figures_of(easy: int, hard: int, *, paused: bool = False) -> BotFigures:
    players = {Strength.EASY: easy, Strength.MEDIUM: 0, Strength.HARD: hard}
    return BotFigures(players, paused=paused, turns=1, orders=120, refused=3)


def press(button: object) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[call-overload]


def test_that_it_says_how_they_do(card: BotsCard, show: Showcase) -> None:
    show_on(card, show)
    assert card.doing.text == NOBODY
    show_on(card, show, figures_of(4, 2))
    assert card.doing.text == "4 easy, 0 medium, 2 hard; 1 turn, 120 orders, 3 refused"
    assert card.accessibleDescription() == card.doing.text
    assert [(figure.name, figure.value) for figure in card.figures] == [("play", "6")]
    show_on(card, show, figures_of(4, 2, paused=True))
    assert [(figure.name, figure.value) for figure in card.figures] == [("paused", "6")]


def test_that_more_are_wanted_beside_those_that_are_there(
    card: BotsCard, show: Showcase, wanted: list[object]
) -> None:
    show_on(card, show, figures_of(4, 2))
    card.number.setText("10")
    press(card.add_more)
    card.strength.setCurrentText("hard")
    press(card.add_more)
    QTest.keyClick(card.number, Qt.Key.Key_Return)
    assert wanted == [(16, None), (16, Strength.HARD), (16, Strength.HARD)]


@pytest.mark.parametrize("number", ["", "0"])
def test_that_none_are_wanted_without_a_number(
    card: BotsCard, show: Showcase, wanted: list[object], number: str
) -> None:
    show_on(card, show, figures_of(4, 2))
    card.number.setText(number)
    QTest.keyClick(card.number, Qt.Key.Key_Return)
    assert not card.add_more.isEnabled()
    assert wanted == []


def test_that_there_are_never_more_than_there_may_be(
    card: BotsCard, show: Showcase, wanted: list[object]
) -> None:
    show_on(card, show, figures_of(BOTS_MOST - 1, 0))
    press(card.add_more)
    assert wanted == [(BOTS_MOST, None)]
    show_on(card, show, figures_of(BOTS_MOST, 0))
    assert not card.add_more.isEnabled()


def test_that_the_button_pauses_and_goes_on(
    card: BotsCard, show: Showcase, wanted: list[object]
) -> None:
    show_on(card, show)
    assert not card.pause.isEnabled()
    show_on(card, show, figures_of(1, 0))
    assert card.pause.text() == "Pause"
    press(card.pause)
    show_on(card, show, figures_of(1, 0, paused=True))
    assert card.pause.text() == "Go on"
    press(card.pause)
    assert wanted == [True, False]


def test_that_nothing_can_be_pressed_while_some_come_or_the_world_is_stopped(
    card: BotsCard, show: Showcase
) -> None:
    show_on(card, show, figures_of(1, 0))
    card.set_adding(True)
    assert card.add_more.text() == "Adding…"
    assert not card.add_more.isEnabled()
    card.set_adding(False)
    assert card.add_more.isEnabled()
    show.stop()
    card.show_reading(Monitor(show.host).read(show.now))
    assert not any(
        each.isEnabled() for each in (card.add_more, card.pause, card.number, card.strength)
    )
