"""desktop_app.panels.planet_model"""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from core.commands import Unavailable
from core.queries import ListWorldPlanets, PlanetSummary, WorldPlanet, WorldPlanets
from desktop_app.panels.planet_model import HEADERS, ROWS_KEPT_MAX, PlanetModel
from desktop_app.theme import Theme
from tests.desktop_app.showcase import ShownSimulation

MILLION = 1_000_000


@pytest.fixture
def model(qtbot: QtBot) -> PlanetModel:
    return PlanetModel(Theme())


def planet(row: int, unsaved: str = "") -> WorldPlanet:
    summary = PlanetSummary(row + 1, 7, f"Colony {row}", (1, 2, 3), (1234.9, 0.0, 5.0))
    return WorldPlanet(summary, "ada", levels_total=12, queue_length=2, unsaved=unsaved)


def page(first: int, count: int, total: int) -> WorldPlanets:
    return WorldPlanets(total, tuple(planet(row) for row in range(first, first + count)))


def answered(answer: object) -> Future[object]:
    future: Future[object] = Future()
    future.set_result(answer)
    return future


def text(model: PlanetModel, row: int, header: str) -> str:
    return str(model.data(model.index(row, HEADERS.index(header))))


def test_that_only_the_rows_in_sight_are_asked_for(model: PlanetModel) -> None:
    simulation = ShownSimulation()
    model.request(simulation.ask, 500_000, 500_024)
    query, future = simulation.asked[0]
    assert query == ListWorldPlanets(25, 500_000)
    future.set_result(page(500_000, 25, MILLION))
    assert model.rowCount() == MILLION
    assert text(model, 500_024, "planet") == "Colony 500024"
    assert text(model, 500_025, "planet") == "…"


def test_that_one_request_is_under_way_at_a_time(model: PlanetModel) -> None:
    simulation = ShownSimulation()
    model.request(simulation.ask, 0, 9)
    model.request(simulation.ask, 10, 19)
    assert len(simulation.asked) == 1
    assert model.waiting
    simulation.asked[0][1].set_result(page(0, 10, 100))
    assert not model.waiting


def test_that_a_planet_is_shown_in_words(model: PlanetModel) -> None:
    model.request(lambda _query: answered(WorldPlanets(1, (planet(0, "waiting"),))), 0, 0)
    assert [text(model, 0, header) for header in HEADERS] == [
        "Colony 0",
        "ada",
        "1:2:3",
        "1\N{NO-BREAK SPACE}234",
        "0",
        "5",
        "12",
        "2",
        "to write",
    ]


@pytest.mark.parametrize(
    ("unsaved", "words"), [("", "kept"), ("waiting", "to write"), ("urgent", "at risk")]
)
def test_that_it_says_what_is_not_on_disk(model: PlanetModel, unsaved: str, words: str) -> None:
    model.request(lambda _query: answered(WorldPlanets(1, (planet(0, unsaved),))), 0, 0)
    assert text(model, 0, "on disk") == words


def test_that_an_answer_from_another_thread_arrives_on_this_one(
    model: PlanetModel, qtbot: QtBot
) -> None:
    simulation = ShownSimulation()
    model.request(simulation.ask, 0, 9)
    thread = Thread(target=lambda: simulation.asked[0][1].set_result(page(0, 10, 10)))
    with qtbot.waitSignal(model.dataChanged, timeout=5000):
        thread.start()
    thread.join()
    assert model.rowCount() == 10


def test_that_a_refusal_changes_nothing(model: PlanetModel) -> None:
    model.request(lambda _query: answered(page(0, 3, 3)), 0, 2)
    model.request(lambda _query: answered(Unavailable("stopping", "It stops.", 30)), 0, 2)
    assert model.rowCount() == 3
    assert not model.waiting


def test_that_a_late_answer_for_a_world_that_is_gone_is_dropped(model: PlanetModel) -> None:
    simulation = ShownSimulation()
    model.request(simulation.ask, 0, 9)
    model.clear()
    simulation.asked[0][1].set_result(page(0, 10, 10))
    assert model.rowCount() == 0


def test_that_a_world_that_shrinks_loses_rows(model: PlanetModel) -> None:
    # It looks at every row after every change.
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.request(lambda _query: answered(page(0, 10, 10)), 0, 9)
    model.request(lambda _query: answered(page(0, 4, 4)), 0, 9)
    assert model.rowCount() == 4
    assert model.planet(7) is None


def test_that_rows_seen_long_ago_are_forgotten(model: PlanetModel) -> None:
    firsts = range(0, ROWS_KEPT_MAX + 200, 100)
    answers = iter([answered(page(first, 100, MILLION)) for first in firsts])
    for first in firsts:
        model.request(lambda _query: next(answers), first, first + 99)
    assert model.planet(0) is None
    assert model.planet(ROWS_KEPT_MAX + 100) is not None


def test_that_numbers_stand_at_the_right(model: PlanetModel) -> None:
    alignment = model.headerData(
        HEADERS.index("metal"), Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole
    )
    assert alignment & Qt.AlignmentFlag.AlignRight
