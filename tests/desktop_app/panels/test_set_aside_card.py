"""desktop_app.panels.set_aside_card"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from core.queries import GroupSetAside
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.set_aside_card import LIST_INTERVAL_S, NOTHING, SetAsideCard
from desktop_app.theme import Theme
from tests.desktop_app.showcase import Showcase

FIRST = GroupSetAside(7, (("planet", 3), ("planet", 4)), 2, ("ada",), 400.0, "CHECK failed")
SECOND = GroupSetAside(8, (("planet", 0),), 60, ("ada", "eve", "jo", "mira", "zoe"), 460.0, "no")


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    show = Showcase(tmp_path)
    show.set_status(world_time=1000.0)
    return show


@pytest.fixture
def card(qtbot: QtBot) -> SetAsideCard:
    card = SetAsideCard(Theme())
    qtbot.addWidget(card)
    card.show()
    return card


@pytest.fixture
def wanted(card: SetAsideCard) -> list[object]:
    """What the card has asked for: a list, or a decision on a group."""
    wanted: list[object] = []
    card.list_wanted.connect(lambda: wanted.append("list"))
    card.release_wanted.connect(lambda group: wanted.append(("release", group)))
    card.drop_wanted.connect(lambda group: wanted.append(("drop", group)))
    return wanted


def show_on(card: SetAsideCard, show: Showcase, later_s: float = 0.0) -> None:
    show.set_status(last_tick_at=show.now + later_s)
    card.show_reading(Monitor(show.host).read(show.now + later_s))


def refuse(card: SetAsideCard, show: Showcase, *groups: GroupSetAside) -> None:
    show.set_status(quarantined=sum(group.aggregates for group in groups))
    card.show_groups(groups)
    show_on(card, show)


def test_that_nothing_is_asked_for_where_nothing_is_refused(
    card: SetAsideCard, show: Showcase, wanted: list[object]
) -> None:
    show_on(card, show)
    assert card.what.text == NOTHING
    assert [(figure.value, figure.level) for figure in card.figures] == [("0", Level.GOOD)]
    assert not card.release.isVisible()
    assert not card.drop.isVisible()
    assert wanted == []


def test_that_of_a_world_that_does_not_run_nothing_is_claimed(
    card: SetAsideCard, show: Showcase
) -> None:
    refuse(card, show, FIRST)
    show.stop()
    card.show_reading(Monitor(show.host).read(show.now))
    assert card.what.text == "Not known: the world is not running."
    assert card.figures == ()
    assert not card.release.isVisible()


def test_that_a_world_that_stands_still_is_not_asked_again_and_again(
    card: SetAsideCard, show: Showcase, wanted: list[object]
) -> None:
    refuse(card, show, FIRST)
    for later_s in (60.0, 120.0):
        card.show_reading(Monitor(show.host).read(show.now + later_s))
    assert wanted == ["list"]
    assert card.reason.text == FIRST.reason


def test_that_what_is_not_listed_yet_is_not_taken_for_nothing(
    card: SetAsideCard, show: Showcase
) -> None:
    show.set_status(quarantined=2)
    show_on(card, show)
    assert card.what.text == "The database refuses 2 changes."


def test_that_the_list_is_asked_for_now_and_then_while_something_is_refused(
    card: SetAsideCard, show: Showcase, wanted: list[object]
) -> None:
    show.set_status(quarantined=2)
    for later_s in (0.0, LIST_INTERVAL_S / 2, LIST_INTERVAL_S, LIST_INTERVAL_S * 1.5):
        show_on(card, show, later_s)
    assert wanted == ["list", "list"]
    assert [(figure.value, figure.level) for figure in card.figures] == [("2", Level.WARN)]


def test_that_the_oldest_group_is_shown_with_its_reason_and_its_age(
    card: SetAsideCard, show: Showcase
) -> None:
    refuse(card, show, FIRST, SECOND)
    assert card.what.text == "2 changes of ada, refused 10 min ago"
    assert card.reason.text == "CHECK failed"
    assert card.others.text == "and 1 group more"
    assert card.accessibleDescription() == f"{card.what.text}: CHECK failed"
    refuse(card, show, SECOND)
    assert card.what.text == "60 changes of ada, eve, jo and 2 others, refused 9 min ago"
    assert card.others.text == ""


def test_that_it_is_forgotten_when_it_is_decided_on_or_the_world_stops(
    card: SetAsideCard, show: Showcase
) -> None:
    refuse(card, show, FIRST)
    refuse(card, show)
    assert card.what.text == NOTHING
    refuse(card, show, FIRST)
    show.stop()
    show_on(card, show)
    assert card.groups == ()
    assert not card.release.isVisible()


def test_that_saving_again_is_asked_for_at_once(
    card: SetAsideCard, show: Showcase, wanted: list[object]
) -> None:
    refuse(card, show, FIRST)
    card.release.click()
    assert wanted == ["list", ("release", FIRST)]


def test_that_a_group_is_decided_on_once(
    card: SetAsideCard, show: Showcase, wanted: list[object]
) -> None:
    refuse(card, show, FIRST, SECOND)
    for _ in range(2):
        QTest.mouseClick(card.release, Qt.MouseButton.LeftButton)
    assert wanted == ["list", ("release", FIRST)]
    assert not card.drop.isEnabled()
    card.show_groups((SECOND,))
    assert card.what.text.startswith("60 changes of ada")
    assert card.release.isEnabled()
    assert card.drop.isEnabled()


def test_that_a_list_is_shown_when_it_arrives(card: SetAsideCard, show: Showcase) -> None:
    refuse(card, show, FIRST)
    card.show_groups(())
    assert card.what.text == "The database refuses 2 changes."
    assert not card.release.isVisible()


@pytest.mark.parametrize(("answer", "dropped"), [("Take back", True), ("Cancel", False)])
def test_that_taking_back_is_confirmed_first_and_nothing_waits_for_the_answer(
    card: SetAsideCard,
    show: Showcase,
    wanted: list[object],
    qtbot: QtBot,
    answer: str,
    dropped: bool,
) -> None:
    refuse(card, show, FIRST, SECOND)
    card.drop.click()
    box = card.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    assert box.isVisible()
    assert box.text() == "Take back 2 changes of ada?"
    assert wanted == ["list"]
    # The question is about the group it was asked of.
    refuse(card, show, SECOND)
    button = next(button for button in box.findChildren(QPushButton) if button.text() == answer)
    with qtbot.waitSignal(box.destroyed):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert wanted == (["list", ("drop", FIRST)] if dropped else ["list"])
