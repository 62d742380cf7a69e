"""desktop_app.panels.world_page"""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.queries import ListWorldPlanets, PlanetSummary, WorldPlanet, WorldPlanets
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.world_page import WorldPage
from desktop_app.theme import Theme
from tests.desktop_app.showcase import Showcase

MILLION = 1_000_000


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def page(show: Showcase, qtbot: QtBot) -> WorldPage:
    page = WorldPage(Theme(), show.host)
    qtbot.addWidget(page)
    page.resize(900, 600)
    with qtbot.waitExposed(page):
        page.show()
    return page


def draw(page: WorldPage, show: Showcase, at: float) -> None:
    page.draw(at, Monitor(show.host).read(show.now))


def asked(show: Showcase) -> list[ListWorldPlanets]:
    return [query for query, _ in show.simulation.asked if isinstance(query, ListWorldPlanets)]


def answer(show: Showcase, total: int) -> None:
    """Answer what was asked last."""
    query = asked(show)[-1]
    rows = range(query.offset, min(query.offset + query.limit, total))
    show.simulation.asked[-1][1].set_result(WorldPlanets(total, tuple(map(planet, rows))))


def planet(row: int) -> WorldPlanet:
    summary = PlanetSummary(row + 1, 7, f"Colony {row}", (1, 2, 3), (1.0, 2.0, 3.0))
    return WorldPlanet(summary, "ada", levels_total=12, queue_length=0, unsaved="")


def test_that_it_asks_once_a_second_for_the_rows_in_sight(page: WorldPage, show: Showcase) -> None:
    draw(page, show, 100.0)
    answer(show, MILLION)
    draw(page, show, 100.5)
    assert len(asked(show)) == 1
    draw(page, show, 101.1)
    assert len(asked(show)) == 2
    assert asked(show)[1].offset == 0
    assert asked(show)[1].limit < 60


def test_that_rows_come_sooner_after_scrolling(
    page: WorldPage, show: Showcase, qtbot: QtBot
) -> None:
    draw(page, show, 100.0)
    answer(show, MILLION)
    bar = page.view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 700_000)
    bar.setValue(700_000)
    draw(page, show, 100.1)
    query = asked(show)[1]
    assert query.offset <= 700_000 < query.offset + query.limit
    answer(show, MILLION)
    seen = page.model.planet(700_000)
    assert seen is not None
    assert seen.summary.name == "Colony 700000"


def test_that_the_question_waits_for_the_answer(page: WorldPage, show: Showcase) -> None:
    draw(page, show, 100.0)
    draw(page, show, 105.0)
    assert len(asked(show)) == 1


def test_that_it_says_how_many_planets_there_are_or_why_none(
    page: WorldPage, show: Showcase
) -> None:
    page.show_reading(Monitor(show.host).read(show.now))
    assert page.card.hint.startswith("none yet")
    draw(page, show, 100.0)
    answer(show, 60)
    show.set_status(planets=60)
    page.show_reading(Monitor(show.host).read(show.now))
    assert page.card.hint == "60 planets"
    # Nobody answers any more; what is said to be kept was so then.
    page.show_reading(Monitor(show.host).read(show.now + 60.0))
    assert page.card.hint == "60 planets as they were 60 s ago"
    show.stop()
    page.show_reading(Monitor(show.host).read(show.now))
    assert page.card.hint == "the world is not running"
    assert page.model.rowCount() == 0
