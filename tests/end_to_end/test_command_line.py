"""What a person in front of a shell sees."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import core
from core.resources import resource_path
from tests.databases import execute_in, url_of_world
from tests.end_to_end.program import (
    START_TIMEOUT_S,
    command,
    environment,
    hosting,
    player,
    run,
    wait_for_url,
    wait_until,
)
from tests.end_to_end.warm_run import hosting_warm, put_world, run_warm


def refused(*arguments: str, env: dict[str, str] | None = None, cold: bool = False) -> str:
    """Run a start-up that cannot work, and return the one line it prints."""
    ended = (run if cold else run_warm)(*arguments, env=env)
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    return lines[0]


def headless(data_dir: Path, *options: str) -> tuple[str, ...]:
    return ("--headless", "--data-dir", str(data_dir), "--port", "0", *options)


def test_that_it_tells_its_version() -> None:
    assert run("--version").stdout == f"starkeep {core.__version__}\n"


def test_that_a_port_that_is_taken_is_refused_in_one_line(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused("--headless", "--data-dir", str(tmp_path), "--port", str(port))
    assert str(port) in line
    assert "--port" in line


def test_that_a_world_that_is_open_is_refused_in_one_line(tmp_path: Path) -> None:
    data_dir = tmp_path / "world"
    with hosting_warm(data_dir):
        assert "open in another process" in refused(*headless(data_dir))


def test_that_a_newer_database_is_refused_in_one_line(tmp_path: Path) -> None:
    assert run_warm("migrate", "--data-dir", str(tmp_path)).returncode == 0
    execute_in(tmp_path, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer than this program" in refused(*headless(tmp_path))


@pytest.mark.parametrize(
    ("name", "value", "permitted"),
    [
        ("TICK_RATE", "fast", "from 0.1 to 100"),
        ("TICK_RATE", "nan", "from 0.1 to 100"),
        ("PENDING_MAX", "0", "from 1 to 1000000"),
        ("DEV_CREATE_ALL", "perhaps", "true or false"),
        ("DATABASE_URL", "mysql://u:secret@h/d", "sqlite or postgresql"),
        ("DATABASE_URL", "sqlite://", "keeps nothing"),
    ],
)
def test_that_a_bad_setting_is_refused_in_one_line(
    tmp_path: Path, name: str, value: str, permitted: str
) -> None:
    line = refused(*headless(tmp_path), env={name: value})
    assert name in line
    assert permitted in line
    assert "secret" not in line


@pytest.mark.sqlite_file
def test_that_qt_says_nothing_of_its_own_before_the_one_line(tmp_path: Path) -> None:
    # In this locale Qt has a warning of four lines.
    assert "TICK_RATE" in refused(
        *headless(tmp_path), env={"LC_ALL": "C", "TICK_RATE": "0"}, cold=True
    )
    (tmp_path / "world.db").write_text("this is a diary")
    assert "cannot be opened" in refused(*headless(tmp_path), env={"LC_ALL": "C"}, cold=True)


@pytest.mark.checkout
def test_that_wrong_rules_are_refused_in_one_line_with_their_line(tmp_path: Path) -> None:
    rules = resource_path("rules.toml").read_text(encoding="utf-8")
    wrong = "requires = { robot_factry = 2 }"
    text = rules.replace("requires = { robot_factory = 2 }", wrong, 1)
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "rules.toml").write_text(text, encoding="utf-8")
    # As in a frozen program, whose files lie somewhere else.
    start = f"import sys; sys._MEIPASS = {str(tmp_path)!r}; from desktop_app.__main__ import main"
    ended = subprocess.run(
        [sys.executable, "-c", f"{start}; sys.exit(main())", *headless(tmp_path / "world")],
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    at = text[: text.index(wrong)].count("\n") + 1
    assert f"rules.toml, line {at}: buildings.shipyard.requires.robot_factry" in line


def test_that_a_misspelt_option_is_refused_in_one_line() -> None:
    assert "--hedless" in refused("--hedless")


@pytest.mark.sqlite_file
def test_that_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "world.db").write_text("this is a diary")
    assert "cannot be opened" in refused(*headless(tmp_path))


@pytest.mark.parametrize("name", ["logs/starkeep.log", "world.lock", "secret.key", "host.token"])
def test_that_a_folder_in_the_place_of_a_file_is_refused_in_one_line(
    tmp_path: Path, name: str
) -> None:
    put_world(tmp_path)
    (tmp_path / name).mkdir(parents=True)
    line = refused(*headless(tmp_path))
    assert f"{tmp_path / name} cannot be used: Is a directory" in line


def test_that_a_file_in_the_place_of_a_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert f"{tmp_path / 'file'} cannot be used" in refused(*headless(tmp_path / "file"))
    assert "--data-dir" in refused(*headless(tmp_path / "file" / "world"))
    (tmp_path / "logs").touch()
    assert f"{tmp_path / 'logs'}" in refused(*headless(tmp_path))
    assert f"{tmp_path / 'logs'}" in refused("migrate", "--data-dir", str(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that nobody may write to")
def test_that_a_folder_nobody_may_write_to_is_refused_in_one_line() -> None:
    assert "/proc/world.lock cannot be used" in refused(*headless(Path("/proc")))


def test_that_a_stop_ends_with_zero_and_one_line_on_standard_output(tmp_path: Path) -> None:
    with hosting(tmp_path / "world") as program:
        assert program.stop() == 0
        assert program.process.stdout is not None
        assert program.process.stdout.read() == ""


@pytest.mark.sqlite_file
def test_that_migrating_twice_has_nothing_to_do(tmp_path: Path) -> None:
    assert "migrated from nothing" in run_warm("migrate", "--data-dir", str(tmp_path)).stdout
    assert "nothing to do" in run_warm("migrate", "--data-dir", str(tmp_path)).stdout


def test_that_a_seeded_world_can_be_played(tmp_path: Path) -> None:
    put_world(tmp_path)
    size = ("--players", "5", "--planets", "20", "--bots", "2", "--fleets", "3")
    seeded = run_warm("seed", *size, "--data-dir", str(tmp_path))
    assert seeded.returncode == 0, seeded.stderr
    assert "and 3 fleets" in seeded.stdout
    again = run_warm("seed", "--players", "5", "--planets", "20", "--data-dir", str(tmp_path))
    assert again.returncode == 2
    reset = run_warm("reset-password", "player3", "--data-dir", str(tmp_path))
    assert run_warm("grant-admin", "player3", "--data-dir", str(tmp_path)).returncode == 0
    assert "no account" in refused("grant-admin", "nobody", "--data-dir", str(tmp_path))
    password = reset.stdout.split()[-1]
    with hosting_warm(tmp_path) as program, player(program.url, "player3") as someone:
        someone._password = password
        someone.log_in()
        assert someone.get("/auth/me")["is_admin"]
        assert someone.get("/game-status")["players"] == 5
        assert len(someone.get(f"/player/{someone.id}/planets")["planets"]) >= 1


def test_that_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    data_dir = tmp_path / "world"
    with hosting_warm(data_dir, migrated=False):
        for name in ("secret.key", "host.token"):
            assert (data_dir / name).stat().st_mode & 0o077 == 0
        assert data_dir.stat().st_mode & 0o077 == 0


def test_that_secrets_are_not_logged(tmp_path: Path) -> None:
    data_dir = tmp_path / "world"
    with hosting_warm(data_dir, "--log-level", "debug") as program, player(program.url) as ada:
        ada.register()
        ada.log_in()
        token = ada._http.headers["Authorization"].removeprefix("Bearer ")
        program.stop()
    text = (data_dir / "logs" / "starkeep.log").read_text() + (tmp_path / "stderr.txt").read_text()
    for secret in (
        (data_dir / "secret.key").read_text().strip(),
        (data_dir / "host.token").read_text().strip(),
        token,
        "password-1",
    ):
        assert secret not in text


def test_that_a_command_needs_the_world_to_itself(tmp_path: Path) -> None:
    data_dir = tmp_path / "world"
    other = ("--data-dir", str(tmp_path / "other"))
    with hosting_warm(data_dir):
        assert "open in another process" in refused("migrate", "--data-dir", str(data_dir))
        # Another folder does not make it another world.
        url = url_of_world(data_dir).set(drivername=_plain_driver(data_dir))
        database = ("--database-url", url.render_as_string(hide_password=False))
        assert "open in another process" in refused("migrate", *other, *database)
        assert "open in another process" in refused("grant-admin", "ada", *other, *database)
        assert "open in another process" in refused("--headless", *other, *database)


def _plain_driver(folder: Path) -> str:
    return url_of_world(folder).get_backend_name()


def test_that_an_option_before_a_command_leaves_the_default_world_alone(tmp_path: Path) -> None:
    env = {"XDG_DATA_HOME": str(tmp_path / "home")}
    ended = run_warm("--data-dir", str(tmp_path / "world"), "migrate", env=env)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "world" / "world.db").exists()
    assert not (tmp_path / "home").exists()


def test_that_a_stop_during_the_start_ends_with_zero_and_no_word(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "starkeep.log"
    process = subprocess.Popen(
        command(*headless(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(None),
    )
    wait_until("it is starting", lambda: log.exists() and "is starting" in log.read_text())
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=START_TIMEOUT_S)
    assert (process.returncode, stdout, stderr) == (0, "", "")


STUCK = """
import sys, time
from core.simulation import Simulation
from desktop_app import application
from desktop_app.__main__ import main

application.THREAD_END_TIMEOUT_S = application.LAST_RESORT_S = 0.1
Simulation._finish = lambda _simulation: time.sleep(3600)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.checkout
def test_that_a_simulation_that_does_not_end_is_told_and_left(tmp_path: Path) -> None:
    put_world(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, *headless(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment({"FINAL_SAVE_TIMEOUT_SECONDS": "1"}),
    )
    wait_for_url(process)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=START_TIMEOUT_S)
    assert process.returncode == 1, stderr
    assert any(line.startswith("starkeep: the simulation did not") for line in stderr.splitlines())
    assert "QThread" not in stderr
    assert "CRITICAL" in (tmp_path / "logs" / "starkeep.log").read_text()
