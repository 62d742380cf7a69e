"""Settings: where they come from, which wins, and what is refused in which words."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.config import SETTINGS_FILE, Settings, load_settings, world_setting_names
from core.errors import SettingsError
from core.resources import resource_path
from core.rules import RULES

RANGES: dict[str, dict[str, Any]] = {
    name: setting
    for name, setting in tomllib.loads(resource_path("rules.toml").read_text())["settings"].items()
    if "least" in setting and name in RULES.settings
}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def write_file(folder: Path, text: str) -> None:
    (folder / SETTINGS_FILE).write_text(text, encoding="utf-8")


def test_that_defaults_hold_where_nothing_is_given(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert (settings.world_name, settings.host, settings.port) == ("Starkeep", "127.0.0.1", 8642)
    assert settings.database_url is None
    assert settings.tick_rate == 10.0


def test_that_overrides_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(tmp_path, "tick_rate = 2.0")
    assert load_settings(tmp_path).tick_rate == 2.0
    assert load_settings(tmp_path, {"tick_rate": 4}).tick_rate == 4.0
    monkeypatch.setenv("TICK_RATE", "3")
    assert load_settings(tmp_path).tick_rate == 3.0
    assert load_settings(tmp_path, {"tick_rate": 4}).tick_rate == 4.0


def test_that_names_in_the_file_may_be_in_upper_case(tmp_path: Path) -> None:
    write_file(tmp_path, "TICK_RATE = 2.0")
    assert load_settings(tmp_path).tick_rate == 2.0


def test_that_host_and_port_are_not_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104
    monkeypatch.setenv("PORT", "1")
    settings = load_settings(tmp_path)
    assert (settings.host, settings.port) == ("127.0.0.1", 8642)
    write_file(tmp_path, 'host = "::1"\nport = 7000')
    settings = load_settings(tmp_path)
    assert (settings.host, settings.port) == ("::1", 7000)


@pytest.mark.parametrize(("text", "tick_rate"), [("", 10.0), ("tick_rate = 2.0", 2.0)])
def test_that_an_empty_variable_is_one_that_is_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, tick_rate: float
) -> None:
    write_file(tmp_path, text)
    monkeypatch.setenv("TICK_RATE", "")
    assert load_settings(tmp_path).tick_rate == tick_rate


def test_that_a_setting_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    write_file(tmp_path, "tick_rat = 2.0")
    with pytest.raises(SettingsError, match=r"settings\.toml .* does not exist: tick_rat$"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"tick_rate =",
        b'world_name = "\xff"',
        b"tick_rate = " + b"9" * 5_000,
        b"tick_rate = " + b"[" * 5_000,
    ],
    ids=["half", "no UTF-8", "a long number", "deep"],
)
def test_that_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(content)
    with pytest.raises(SettingsError, match=r"settings\.toml cannot be read: "):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tick_rate = 101", "TICK_RATE is 101; permitted is a number from 0.1 to 100"),
        ('tick_rate = "fast"', "TICK_RATE is 'fast'; permitted is a number from 0.1 to 100"),
        ("tick_rate = nan", "TICK_RATE is nan; permitted is a number from 0.1 to 100"),
        ("port = 65536", "PORT is 65536; permitted is a whole number from 0 to 65535"),
        ("galaxies = 2.5", "GALAXIES is 2.5; permitted is a whole number from 1 to 1000"),
        ("registration_open = 2", "REGISTRATION_OPEN is 2; permitted is true or false"),
        ("database_url = 5", "DATABASE_URL is 5; permitted is a text"),
        (
            f'world_name = "{"x" * 61}"',
            f"WORLD_NAME is '{'x' * 61}'; permitted is a text of 1 to 60 characters",
        ),
    ],
)
def test_that_a_bad_value_is_refused_with_its_name_and_what_is_permitted(
    tmp_path: Path, text: str, complaint: str
) -> None:
    write_file(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert str(caught.value) == complaint


def test_that_a_bad_variable_is_refused_though_the_file_has_a_good_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(tmp_path, "tick_rate = 2.0")
    monkeypatch.setenv("TICK_RATE", "inf")
    with pytest.raises(SettingsError, match="TICK_RATE is 'inf'"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "persist_interval_s"),
    [
        ("", 60.0),
        ("save_interval_seconds = 30", 30.0),
        ("save_interval_seconds = 30\npersist_interval_seconds = 300", 300.0),
    ],
)
def test_that_a_planet_may_wait_as_long_as_a_save_unless_it_is_said(
    tmp_path: Path, text: str, persist_interval_s: float
) -> None:
    write_file(tmp_path, text)
    assert load_settings(tmp_path).persist_interval_s == persist_interval_s


def test_that_settings_of_the_world_hold_only_what_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(tmp_path).world_settings == {}
    write_file(tmp_path, "tick_rate = 2.0\nregistration_open = false\nenergy_floor = 0")
    monkeypatch.setenv("SYSTEMS", "3")
    given = load_settings(tmp_path, {"galaxies": 2}).world_settings
    assert given == {"galaxies": 2, "systems": 3, "energy_floor": 0.0, "registration_open": False}


@pytest.mark.parametrize("name", RANGES)
def test_that_the_rules_say_which_values_a_setting_of_the_world_may_have(
    tmp_path: Path, name: str
) -> None:
    least, most = RANGES[name]["least"], RANGES[name]["most"]
    assert name in world_setting_names()
    for value in (least, most):
        assert load_settings(tmp_path, {name: value}).world_settings == {name: value}
    whole = isinstance(least, int)
    beyond = (least - 1, most + 1) if whole else (math.nextafter(least, -1), most * 1.001)
    for value in beyond:
        with pytest.raises(
            SettingsError, match=f"from {least:.15g} to {most:.15g}$".replace("+", r"\+")
        ):
            load_settings(tmp_path, {name: value})


def test_that_the_environment_wins_over_the_file_in_either_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / SETTINGS_FILE).write_text("tick_rate = 20.0\n")
    monkeypatch.setenv("tick_rate", "5")
    assert load_settings(tmp_path).tick_rate == 5


def test_that_nobody_is_cleaned_up_unless_it_is_said(tmp_path: Path) -> None:
    assert load_settings(tmp_path).cleanup_days == 0
    write_file(tmp_path, "cleanup_days = 30")
    assert load_settings(tmp_path).cleanup_days == 30
