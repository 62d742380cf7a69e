"""Whatever somebody sets: refused in our own words and nothing is changed, or the world is sound.

`python3 dev.py test -- --fuzz 10000 tests/test_fuzzed_settings.py` is the long run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.commands import Accepted, ChangeSettings, Rejected
from core.components import KINDS
from core.config import SETTINGS_FILE, Settings, load_settings
from core.database import async_url
from core.errors import DatabaseError, SettingsError
from core.game import GameWorld
from core.invariants import violations
from core.loading import build_game, opening_commands
from core.metrics import Metrics
from core.rules import RULES
from core.sound_world import unsound
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import everything_of, found, loaded_from, new_game, reload

METRICS = Metrics(tick_ring_capacity=10, save_ring_capacity=10)
YEAR_S = 365 * 86_400.0

WORLD_SETTINGS = st.one_of(
    st.sampled_from(sorted(RULES.settings)),
    st.sampled_from(sorted(RULES.settings)),
    st.sampled_from(["random_seed", "rules_fingerprint", "id", "__class__", ""]),
    st.text(max_size=8),
)


def in_range(name: str) -> st.SearchStrategy[Any]:
    """Return values that a setting may have, its ends among them."""
    setting = RULES.settings.get(name)
    if setting is None:
        return ANYTHING
    if isinstance(setting.default, bool):
        return st.booleans()
    least, most = setting.least, setting.most
    assert least is not None
    assert most is not None
    ends = st.sampled_from([least, most, setting.default])
    if isinstance(setting.default, int):
        return st.one_of(ends.map(int), st.integers(int(least), min(int(most), 20)))
    return st.one_of(ends, st.floats(least, most), st.integers(-1, 10))


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**63, -(2**63) - 1]),
    st.floats(),
    st.sampled_from([5e-324, -5e-324, -0.0]),
    st.complex_numbers(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.builds(object),
)


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    """Return settings of the world with their values, right ones and others."""
    names = draw(st.lists(WORLD_SETTINGS, max_size=4, unique=True))
    return {
        name: draw(st.one_of(in_range(name), in_range(name), in_range(name), ANYTHING))
        for name in names
    }


def played_world(clock: ManualClock, store: ManualStore) -> GameWorld:
    game = new_game(clock, store, METRICS, galaxies=2, systems=3)
    found(game, 1)
    found(game, 2)
    assert game.save_player_data().done()
    return game


def check_sound(game: GameWorld, store: ManualStore, clock: ManualClock) -> None:
    """Look that a world may go on for a while and that what it saves is a world."""
    for _ in range(2):
        clock.advance(YEAR_S)
        game.advance(clock.now())
        assert not game.set_aside_count
        for kind in KINDS:
            table = game.state.world.tables[kind]
            columns = {field.key: table.array(field.key) for field in table.fields}
            assert not violations(kind, columns)
    assert game.save_player_data().done()
    loaded = loaded_from(store)
    assert list(unsound(loaded)) == []
    again = reload(store, clock, METRICS)
    again.advance(clock.now())


def test_that_a_change_of_settings_is_refused_and_changes_nothing_or_leaves_a_sound_world(
    request: pytest.FixtureRequest,
) -> None:
    @settings(
        max_examples=request.config.getoption("--fuzz"), suppress_health_check=list(HealthCheck)
    )
    @given(changes(), st.floats(0, YEAR_S))
    def change(values: dict[str, Any], after_s: float) -> None:
        clock, store = ManualClock(), ManualStore(at_once=True)
        game = played_world(clock, store)
        clock.advance(after_s)
        at = game.reach_next_instant()
        before = everything_of(game)
        outcome = game.execute_at(at, ChangeSettings(values)).outcome
        if isinstance(outcome, Rejected):
            assert everything_of(game) == before
            assert outcome.code in ("unknown_setting", "bad_value", "cannot_shrink")
            return
        assert isinstance(outcome, Accepted)
        for name, value in values.items():
            assert getattr(game.state.universe, name) == value
            assert RULES.settings[name].permits(getattr(game.state.universe, name))
        check_sound(game, store, clock)

    change()


# What a host gives at a start ---------------------------------------------------------------------

SETTING_NAMES = st.one_of(
    st.sampled_from(sorted(Settings.model_fields)),
    st.sampled_from(sorted(Settings.model_fields)),
    st.sampled_from(sorted(Settings.model_fields)).map(str.upper),
    st.text("abcdefghij_", min_size=1, max_size=6),
)
# What an operating system lets into an environment.
ENVIRONMENT_TEXTS = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["", " ", "nan", "-inf", "1e400", "1_0", "0x10", "true", "\udcff", "9" * 5000]),
    st.floats().map(repr),
    st.integers().map(str),
)
TOML_TEXTS = st.one_of(
    ENVIRONMENT_TEXTS.map(lambda text: f'"{text}"'),
    st.sampled_from(["nan", "-inf", "1e400", "[]", "{}", "1979-05-27", "0x10", "= 3"]),
    st.sampled_from(["9" * 5_000, "[" * 5_000 + "]" * 5_000, "{a=" * 2_000]),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers().map(str),
    st.sampled_from(["true", "false"]),
)


def right_text(name: str) -> st.SearchStrategy[str]:
    return in_range(name.lower()).map(lambda value: str(value).lower())


@st.composite
def environments(draw: st.DrawFn) -> dict[str, str]:
    names = draw(st.lists(SETTING_NAMES, max_size=4, unique=True))
    return {
        # What is right for a setting that is a text is none for an environment.
        name: draw(st.one_of(right_text(name), ENVIRONMENT_TEXTS)).replace("\0", "")
        for name in names
    }


@st.composite
def settings_files(draw: st.DrawFn) -> bytes | None:
    """Return what lies in settings.toml, None if it is not there."""
    names = draw(st.lists(SETTING_NAMES, max_size=4))
    lines = [f"{name} = {draw(st.one_of(right_text(name), TOML_TEXTS))}" for name in names]
    text = "\n".join(lines).encode(errors="surrogateescape")
    return draw(st.one_of(st.just(text), st.just(text), st.none(), st.binary(max_size=20)))


@contextmanager
def in_environment(environment: dict[str, str]) -> Iterator[None]:
    """Have an environment beside what is there, and nothing of it afterwards.

    `patch.dict` leaves behind what it has set before a value that the platform does not take.
    """
    before = dict(os.environ)
    try:
        os.environ.update(environment)
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


def test_that_nothing_is_left_in_the_environment() -> None:
    before = dict(os.environ)
    with (
        pytest.raises(UnicodeEncodeError),
        in_environment({"TICK_RATE": "5", "WORLD_NAME": "\ud800"}),
    ):
        pass
    assert dict(os.environ) == before


@contextmanager
def given_to_a_start(environment: dict[str, str], file: bytes | None) -> Iterator[Path]:
    """Make an empty data folder but for settings, and an environment."""
    with tempfile.TemporaryDirectory() as name, in_environment(environment):
        path = Path(name) / SETTINGS_FILE
        if file is not None:
            path.write_bytes(file)
        yield Path(name)
        assert not path.exists() or path.read_bytes() == file


def started_with(given: Settings, store: ManualStore, clock: ManualClock) -> GameWorld:
    """Start the world of a store as the program does."""
    loaded = loaded_from(store)
    game = build_game(loaded, given, clock, METRICS, store.submit)
    for command in opening_commands(loaded, given):
        assert isinstance(game.execute(command).outcome, Accepted)
    return game


def rows_in(store: ManualStore) -> dict[str, dict[int, Any]]:
    # A table that was looked into and is empty is like one that was not.
    return {table: dict(rows) for table, rows in store.rows.items() if rows}


def test_that_what_a_host_sets_is_refused_and_changes_nothing_or_makes_a_sound_world(
    request: pytest.FixtureRequest,
) -> None:
    @settings(
        max_examples=request.config.getoption("--fuzz"), suppress_health_check=list(HealthCheck)
    )
    @given(environments(), settings_files(), st.booleans())
    def start(environment: dict[str, str], file: bytes | None, is_new: bool) -> None:
        clock, store = ManualClock(), ManualStore(at_once=True)
        if not is_new:
            played_world(clock, store)
        before = rows_in(store)
        try:
            with given_to_a_start(environment, file) as folder:
                chosen = load_settings(folder)
                if chosen.database_url is not None:
                    async_url(chosen.database_url)
            game = started_with(chosen, store, clock)
        except (SettingsError, DatabaseError):
            assert rows_in(store) == before
            return
        for name, value in chosen.world_settings.items():
            assert getattr(game.state.universe, name) == value
        check_sound(game, store, clock)

    start()
