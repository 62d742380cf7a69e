"""dev.py: what it asks of the system, when it installs what, and what it hands over to whom"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import alembic.config
import pytest

import dev
from desktop_app import __main__ as program


class HandedOver(BaseException):
    """dev.py would have become another program here."""

    def __init__(self, command: list[str]) -> None:
        self.command = command


class Asked(list[frozenset[str]]):
    """Which libraries were looked for, in the order in which they were."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Have everything ready at once, and note what was asked for."""
    asked = Asked()
    monkeypatch.setattr(dev, "prepare", lambda libraries, *_: asked.append(frozenset(libraries)))
    monkeypatch.setattr(dev, "VENV_PYTHON", Path(sys.executable))
    monkeypatch.setattr(dev, "WINDOWS", False)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    def execv(_path: str, command: list[str]) -> NoReturn:
        raise HandedOver(command)

    monkeypatch.setattr(os, "execv", execv)
    return asked


def handed_over(*arguments: str) -> list[str]:
    """Return what comes behind the interpreter on the command line that dev.py hands over."""
    with pytest.raises(HandedOver) as caught:
        dev.main(list(arguments))
    assert caught.value.command[0] == sys.executable
    return caught.value.command[1:]


# What is asked of the system ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), dev.QT_WIDGETS_LIBRARIES),
        (("--port", "0"), dev.QT_WIDGETS_LIBRARIES),
        # A folder may have any name.
        (("--data-dir", "check"), dev.QT_WIDGETS_LIBRARIES),
        (("--headless",), dev.QT_CORE_LIBRARIES),
        (("--port", "0", "--headless"), dev.QT_CORE_LIBRARIES),
        (("check",), dev.QT_CORE_LIBRARIES),
        (("--data-dir", "D", "check"), dev.QT_CORE_LIBRARIES),
        (("--data-dir=D", "--log-level", "debug", "check", "--json"), dev.QT_CORE_LIBRARIES),
        (("--version",), {}),
        (("--help",), {}),
        (("-h",), {}),
        (("--data-dir", "D", "check", "--help"), {}),
    ],
)
def test_that_a_window_alone_needs_its_libraries(
    asked: Asked, options: Sequence[str], wanted: dict[str, str]
) -> None:
    handed_over("run", "--", *options)
    assert asked == [frozenset(wanted)]


def test_that_a_display_needs_the_libraries_that_reach_it(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    handed_over("run")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    handed_over("run", "--headless")
    handed_over("run")
    x11, headless, both = asked
    assert x11 == dev.QT_XCB_LIBRARIES.keys()
    assert headless == dev.QT_CORE_LIBRARIES.keys()
    assert both == x11 | dev.QT_WAYLAND_LIBRARIES.keys()


def test_that_dev_knows_the_options_that_have_no_value() -> None:
    # names_command() takes what stands behind all others for their value.
    alone = {name for a in program._parser()._actions if a.nargs == 0 for name in a.option_strings}
    assert alone == {"-h", "--help", "--version", "--headless"}


def test_that_who_may_not_install_is_told_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(dev, "SET_UP_LOCK", tmp_path / "lock")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(dev, "is_loadable", lambda name: name not in ("libEGL.so.1", "libGL.so.1"))
    monkeypatch.setattr(dev, "has_font", lambda: False)
    monkeypatch.setattr(dev, "can_make_venv", lambda: True)
    monkeypatch.setattr(shutil, "which", lambda _name: "there")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert dev.main(["test"]) == 1
    told = capsys.readouterr().err
    assert "apt-get install --yes fonts-dejavu-core libegl1 libgl1\n" in told


# What is handed over ------------------------------------------------------------------------------


def test_that_options_are_handed_over_as_they_are(asked: Asked) -> None:
    of_program = handed_over("run", "--", "--headless", "--data-dir", "a b")
    assert of_program == ["-P", "-m", "desktop_app", "--headless", "--data-dir", "a b"]
    # The first dashes are dev.py's own.
    assert handed_over("bench", "--", "ticks", "--", "x")[2:] == ["ticks", "--", "x"]


def test_that_the_whole_suite_runs_on_all_processors_and_chosen_tests_do_not(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "chdir", lambda _folder: None)
    assert handed_over("test") == ["-m", "pytest", *dev.WHOLE_SUITE_OPTIONS]
    assert handed_over("test", "--postgres")[-2:] == list(dev.WHOLE_SUITE_OPTIONS[-2:])
    assert handed_over("test", "--", "-k", "queue") == ["-m", "pytest", "-k", "queue"]


def test_that_alembic_and_the_program_mean_the_same_file(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///x.db")
    # Of another project, whose settings are none of ours.
    Path("alembic.ini").write_text("[alembic]\nscript_location = elsewhere\n", "utf-8")
    handed_over("run")
    assert Path.cwd() == tmp_path
    command = handed_over("migrate", "--", "current")
    alembic.config.main(command[command.index("alembic") + 1 :])
    assert (tmp_path / "x.db").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [([], "expected a command"), (["play"], "expected a command"), (["check", "-x"], "no options")],
)
def test_that_what_is_no_command_is_refused_in_words(
    asked: Asked, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert dev.main(arguments) != 0
    assert told in capsys.readouterr().err


def test_that_a_check_goes_on_after_one_has_failed(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run: list[str] = []

    def fail(command: list[str], **_options: Any) -> SimpleNamespace:
        run.append(command[2] if command[1] == "-m" else Path(command[0]).name)
        return SimpleNamespace(returncode=run[-1] == "mypy")

    monkeypatch.setattr(subprocess, "run", fail)
    assert dev.main(["check"]) == 1
    assert run == ["ruff", "ruff", "mypy", "lint-imports"]
    assert capsys.readouterr().err.endswith("failed: mypy\n")


# When what is installed ---------------------------------------------------------------------------


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A checkout of its own, in which the steps of a set-up are noted and take no time."""
    steps: list[str] = []
    for name in ("PYPROJECT", "REQUIREMENTS"):
        monkeypatch.setattr(dev, name, Path(shutil.copy(getattr(dev, name), tmp_path)))
    monkeypatch.setattr(dev, "STAMP", tmp_path / "set-up.json")
    monkeypatch.setattr(dev, "SET_UP_LOCK", tmp_path / "lock")
    monkeypatch.setattr(dev, "VENV_PYTHON", Path(sys.executable))
    monkeypatch.setattr(dev, "can_make_venv", lambda: True)
    monkeypatch.setattr(dev, "make_venv", lambda: steps.append("environment"))
    monkeypatch.setattr(dev, "install_requirements", lambda: steps.append("packages"))
    monkeypatch.setattr(dev, "pip", lambda *_arguments: steps.append("project"))
    return steps


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def test_that_only_what_has_changed_is_installed(steps: list[str]) -> None:
    dev.prepare({})
    assert steps == ["environment", "packages", "project"]
    steps.clear()
    dev.prepare({})
    assert steps == []
    append(dev.PYPROJECT, "\n")
    dev.prepare({})
    assert steps == ["project"]
    steps.clear()
    append(dev.REQUIREMENTS, "\n")
    dev.prepare({})
    assert steps == ["environment", "packages", "project"]


def test_that_a_set_up_that_was_broken_off_is_done_again(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dev.prepare({})
    append(dev.PYPROJECT, "\n")

    def broken(*_arguments: str) -> NoReturn:
        raise dev.SetUpError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(dev, "pip", broken)
        with pytest.raises(dev.SetUpError, match="no room"):
            dev.prepare({})
    steps.clear()
    dev.prepare({})
    # Whatever the step had done of it is not to be trusted.
    assert steps == ["environment", "packages", "project"]


# The lock -----------------------------------------------------------------------------------------


def test_that_the_lock_goes_with_what_it_was_made_from(steps: list[str]) -> None:
    assert dev.lock_is_current()
    settings = dev.PYPROJECT.read_text("utf-8")
    # What is no requirement makes it no older.
    dev.PYPROJECT.write_text(settings.replace('version = "', 'version = "1'), "utf-8")
    assert dev.lock_is_current()
    for name in ("numpy>=", "asyncpg>=", "pytest>="):
        assert f'"{name}' in settings
        dev.PYPROJECT.write_text(settings.replace(name, f"{name}99.", 1), "utf-8")
        assert not dev.lock_is_current(), name
