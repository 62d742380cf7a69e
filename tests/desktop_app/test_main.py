"""desktop_app.__main__: what the command line means"""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from core.errors import StarkeepError
from desktop_app.__main__ import _options, _parser

COMMAND = ("reset-password", "ada")


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("data_dir", ("--data-dir", "there"), Path("there")),
        ("database_url", ("--database-url", "sqlite:///a.db"), "sqlite:///a.db"),
        ("log_level", ("--log-level", "debug"), "debug"),
    ],
)
def test_that_an_option_means_the_same_before_and_behind_a_command(
    name: str, given: tuple[str, ...], value: object
) -> None:
    assert getattr(_options([*given, *COMMAND]), name) == value
    assert getattr(_options([*COMMAND, *given]), name) == value
    assert getattr(_options(given), name) == value


def test_that_an_option_behind_a_command_wins() -> None:
    options = _options(["--data-dir", "first", *COMMAND, "--data-dir", "second"])
    assert options.data_dir == Path("second")


def test_that_options_have_defaults() -> None:
    for arguments in ((), COMMAND):
        options = _options(arguments)
        assert options.data_dir is None
        assert options.database_url is None
        assert options.log_level == "info"


@pytest.mark.parametrize(
    "given", [("--speed", "2"), ("--port", "0"), ("--host", "::1"), ("--bots", "3")]
)
def test_that_an_option_that_says_nothing_to_a_command_is_refused(given: tuple[str, str]) -> None:
    with pytest.raises(StarkeepError, match=f"{given[0]} is for hosting"):
        _options([*given, *COMMAND])


def test_that_a_command_has_no_window_anyway() -> None:
    assert _options(["--headless", *COMMAND]).headless


def test_that_help_says_what_every_command_and_every_option_is_for() -> None:
    parser = _parser()
    (commands,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    for command in (parser, *commands.choices.values()):
        assert command.description, command.prog
        unsaid = [
            action.dest for action in command._actions if action is not commands and not action.help
        ]
        assert not unsaid, command.prog
