"""desktop_app.panels.backup_card"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.backup_card import LOOKING, BackupCard
from desktop_app.theme import Theme
from tests.backups import manifest
from tests.desktop_app.showcase import Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def card(qtbot: QtBot) -> BackupCard:
    card = BackupCard(Theme())
    qtbot.addWidget(card)
    card.show()
    return card


def show_on(card: BackupCard, show: Showcase) -> None:
    card.show_reading(Monitor(show.host).read(show.now))


def test_that_a_world_without_a_backup_says_so(card: BackupCard, show: Showcase) -> None:
    show_on(card, show)
    assert card.facts.facts == {"newest": "there is none yet", "next": "none on schedule"}
    assert card.back_up.isEnabled()


@pytest.mark.parametrize(
    ("verified", "findings", "said", "warned"),
    [
        (None, (), "not verified yet", False),
        (True, (), "verified", False),
        (False, ("the file is damaged",), "not sound: the file is damaged", True),
    ],
)
def test_that_the_newest_backup_is_told_with_its_verdict(
    card: BackupCard,
    show: Showcase,
    verified: bool | None,
    findings: tuple[str, ...],
    said: str,
    warned: bool,
) -> None:
    made_at = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    show.host.backups.last = replace(manifest(made_at, verified=verified), findings=findings)
    show_on(card, show)
    at = made_at.astimezone().strftime("%Y-%m-%d %H:%M")
    assert card.facts.facts["newest"] == f"{at}, {said}"
    assert [figure.level for figure in card.figures] == ([Level.WARN] if warned else [])


def test_that_the_next_one_is_told_while_the_world_runs(card: BackupCard, show: Showcase) -> None:
    show.host.backups.next_at = datetime.now(UTC) + timedelta(minutes=48, seconds=20)
    show_on(card, show)
    assert card.facts.facts["next"] == "in 48 min"
    show.host.backups.next_at = datetime.now(UTC) - timedelta(seconds=5)
    show_on(card, show)
    assert card.facts.facts["next"] == "now"
    show.stop()
    show_on(card, show)
    assert card.facts.facts["next"] == "–"
    assert not card.back_up.isEnabled()


def test_that_a_failure_is_shown_until_a_backup_was_made(card: BackupCard, show: Showcase) -> None:
    show.host.backups.failure = "the disk is full"
    show_on(card, show)
    assert card.doing.text == "failed: the disk is full"
    assert [(figure.value, figure.level) for figure in card.figures] == [("failed", Level.WARN)]
    show.host.backups.failure = None
    show_on(card, show)
    assert card.doing.text == ""
    assert card.figures == ()


def test_that_a_backup_by_hand_shows_how_far_it_is(
    card: BackupCard, show: Showcase, qtbot: QtBot
) -> None:
    show_on(card, show)
    with qtbot.waitSignal(card.backup_wanted):
        card.back_up.click()
    # Of somebody else's backup nothing is shown here.
    card.show_progress("Backing up", 1, 9)
    assert not card.progress.isVisible()
    card.set_backing_up(True)
    assert card.progress.isVisible()
    assert not card.back_up.isEnabled()
    assert card.back_up.text() == "Backing up…"
    card.show_progress("Backing up", 4, 9)
    assert (card.progress.value(), card.progress.maximum()) == (4, 9)
    show_on(card, show)
    assert card.doing.text == "backing up"
    card.show_progress("", 0, 0)
    assert (card.progress.value(), card.progress.maximum()) == (1, 1)
    assert card.doing.text == LOOKING
    card.set_backing_up(False)
    assert not card.progress.isVisible()
    assert card.back_up.isEnabled()
    assert card.doing.text == ""
