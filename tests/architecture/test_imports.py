"""The structure that ARCHITECTURE.md draws."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("core", "desktop_app", "migrations", "tests")


def test_that_imports_keep_to_the_contracts() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run(
        [str(program), "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


def test_that_each_start_imports_no_more_than_it_needs() -> None:
    # In one process, one after the other: what the first must not have the next may import.
    script = (
        "import sys\n"
        "def loaded(*names):\n"
        "    return [name for name in sys.modules if name.startswith(names)]\n"
        "import core.simulation, core.sync, core.migrate\n"
        "assert not loaded('PySide6', 'qasync', 'fastapi', 'uvicorn')\n"
        "import desktop_app.administration\n"
        "assert not loaded('fastapi', 'uvicorn', 'desktop_app.application')\n"
        "import desktop_app.session\n"
        "found = loaded('PySide6.QtGui', 'PySide6.QtWidgets', 'pyqtgraph')\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_that_a_server_starts_without_qt() -> None:
    script = (
        "import sys, core.api.application\n"
        "assert not any(name.startswith(('PySide6', 'qasync')) for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


@pytest.mark.parametrize("argument", ["--version", "--help", "--hedless", "--headless"])
def test_that_an_answer_of_one_line_imports_nothing_slow(argument: str) -> None:
    # The last of them comes as far as to the bad setting.
    script = (
        "import contextlib, sys\n"
        "from desktop_app.__main__ import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main(sys.argv[1:])\n"
        "slow = {'PySide6', 'alembic', 'fastapi', 'qasync', 'sqlalchemy'} & set(sys.modules)\n"
        "assert not slow, slow"
    )
    env = {**os.environ, "TICK_RATE": "0"}
    subprocess.run([sys.executable, "-c", script, argument], cwd=ROOT, env=env, check=True)


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "PERSISTENCE.md", "README.md"])
def test_that_documents_name_files_that_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    # What a reader is told to create is not there yet.
    named = re.findall(
        r"(?<!Create )`((?:core|desktop_app|tests|migrations|resources)/[\w./]+)`", text
    )
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing


def test_that_no_failure_is_swallowed() -> None:
    silent = re.compile(r"except( Exception| BaseException)?:\n\s+pass\b")
    found = [
        str(path.relative_to(ROOT))
        for folder in OURS
        for path in (ROOT / folder).rglob("*.py")
        if silent.search(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_that_nothing_runs_a_loop_within_the_loop() -> None:
    # While a coroutine is in one, no other task of Qt's event loop goes on: no save, no commit.
    nested = re.compile(
        r"\.exec\(|processEvents|QEventLoop\("
        r"|Q(Message|Input|File|Color|Font)\w*\.(question|information|warning|critical|get\w+)\("
    )
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (ROOT / "desktop_app").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if nested.search(line.partition("#")[0])
    ]
    assert not found
