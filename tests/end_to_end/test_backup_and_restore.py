"""Backups and restores of the program as a process, also of one that is killed in between."""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.backup_shelf import BackupShelf
from core.resources import migrations_path
from tests.backups import change, players_in, rows
from tests.end_to_end.program import (
    NO_CERTIFICATES,
    START_TIMEOUT_S,
    PlayerClient,
    command,
    player,
    wait_until,
)
from tests.end_to_end.warm_run import hosting_warm, put_world, run_warm

PLAYERS = 6
RICH = {"STARTER_METAL": "1e6", "STARTER_CRYSTAL": "1e6", "STARTER_DEUTERIUM": "1e6"}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "world"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world with two players, and a backup of it from before it had a third."""
    data_dir = tmp_path_factory.mktemp("template") / "world"
    put_world(data_dir)
    assert run_warm("seed", "--players", "2", "--planets", "5", *at(data_dir)).returncode == 0
    made = run_warm("backup", *at(data_dir))
    assert made.returncode == 0, made.stderr
    assert made.stdout.rstrip().endswith("verified")
    change(
        data_dir / "world.db",
        "INSERT INTO users SELECT 3, 'third', 'third', email, password_hash, is_active, is_admin,"
        " token_epoch, created_at, last_login FROM users WHERE id = 1",
    )
    return data_dir


@pytest.fixture
def world(template: Path, data_dir: Path) -> Path:
    """A copy of that world for one test."""
    shutil.copytree(template, data_dir)
    return data_dir


def at(data_dir: Path) -> tuple[str, str]:
    return ("--data-dir", str(data_dir))


def cut_short(when: object, *arguments: str, scripts: Path | str = "-") -> tuple[int, int]:
    """Run the program, killed in the midst of its work; return its exit code, and how many file
    operations there were if it was not.
    """
    ended = run_warm(str(when), str(scripts), *arguments, cut_short=True)
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    last = (ended.stderr.splitlines() or [""])[-1]
    return ended.returncode, int(last.rpartition(" ")[2]) if "operations" in last else 0


def instants(operations: int, count: int) -> Iterator[str]:
    """Yield where to cut: between file operations, and anywhere."""
    generator = random.Random(operations)
    yield from (str(n) for n in sorted(generator.sample(range(1, operations + 1), count)))
    yield f"{generator.uniform(0, 0.1):.4f}s"


def assert_sound(path: Path) -> None:
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "PRAGMA foreign_key_check") == []


# While players order ------------------------------------------------------------------------------


class Orderer:
    """Somebody who orders as fast as he is answered."""

    def __init__(self, url: str, name: str, stop: threading.Event) -> None:
        self.client = PlayerClient(url, name)
        self.client.register()
        self.client.log_in()
        self.accepted = 0
        self._stop = stop
        self.thread = threading.Thread(target=self._order)

    def _order(self) -> None:
        while not self._stop.is_set():
            # A full queue is refused: what has been accepted is what lies in it or is built.
            answer = self.client._http.post(
                f"/player/{self.client.id}/build", json={"building_type": "metal_mine"}
            )
            if answer.status_code == 200:
                self.accepted += 1


def test_that_a_backup_holds_every_order_that_was_answered_before(data_dir: Path) -> None:
    with hosting_warm(data_dir, "--speed", "300", env=RICH) as program:
        stop = threading.Event()
        orderers = [Orderer(program.url, f"player{n}", stop) for n in range(PLAYERS)]
        headers = {"Authorization": f"Bearer {(data_dir / 'host.token').read_text().strip()}"}
        with httpx.Client(
            base_url=program.url,
            timeout=START_TIMEOUT_S,
            headers=headers,
            trust_env=False,
            verify=NO_CERTIFICATES,
        ) as host:
            for orderer in orderers:
                orderer.thread.start()
            wait_until("all have ordered", lambda: all(o.accepted >= 3 for o in orderers))
            before = {o.client.id: o.accepted for o in orderers}
            made = host.post("/admin/backups").raise_for_status().json()
            after = {o.client.id: o.accepted for o in orderers}
            stop.set()
            for orderer in orderers:
                orderer.thread.join()
                orderer.client.close()

            def looked_at() -> dict[str, Any]:
                (seen,) = host.get("/admin/backups").raise_for_status().json()["backups"]
                return dict(seen) if seen["verified"] is not None else {}

            seen = wait_until("it is looked at", looked_at)
        assert program.stop() == 0
    assert seen["verified"] is True, seen["findings"]
    copy = data_dir / "backups" / made["name"]
    held = orders_in(copy)
    for player_id, accepted in before.items():
        assert accepted <= held[player_id] <= after[player_id] + 1


def orders_in(path: Path) -> dict[int, int]:
    """Return how many mines each player has built or queued."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {
            row["owner_id"]: row["metal_mine_level"]
            + sum(bool(row[name]) for name in row.keys() if name.startswith("queued_"))  # noqa: SIM118
            for row in connection.execute("SELECT * FROM planets")
        }


# The shell ----------------------------------------------------------------------------------------


def test_that_a_world_is_backed_up_listed_checked_and_restored(world: Path) -> None:
    (made,) = BackupShelf(world / "backups").manifests()
    listed = run_warm("backups", *at(world))
    assert listed.returncode == 0
    assert made.name in listed.stdout
    assert "2 players, 5 planets" in listed.stdout
    assert "sound: 2 players, 5 planets" in run_warm("check", *at(world)).stdout
    nobody = subprocess.run(
        command("restore", made.name, *at(world)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert nobody.returncode == 2
    assert nobody.stderr == ("starkeep: there is nobody to confirm the restore here; say --yes\n")
    restored = run_warm("restore", made.name, "--yes", *at(world))
    assert restored.returncode == 0, restored.stderr
    assert "players that vanish: third" in restored.stdout
    assert players_in(world / "world.db") == ["player1", "player2"]
    with hosting_warm(world) as program, player(program.url) as ada:
        ada.register()
        assert program.stop() == 0


def test_that_a_check_says_what_is_wrong_and_ends_with_one(world: Path) -> None:
    (made,) = BackupShelf(world / "backups").manifests()
    file = world / "backups" / made.name
    change(file, "DELETE FROM planets WHERE id = 5")
    checked = run_warm("check", "--file", str(file), *at(world))
    assert checked.returncode == 1
    assert checked.stdout == "planets has 4 rows; there were 5 when the backup was made\n"
    as_json = run_warm("check", "--file", str(file), "--json", *at(world))
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["ok"] is False
    refused = run_warm("restore", made.name, "--yes", *at(world))
    assert refused.returncode == 2
    assert "is not to be restored: planets has 4 rows" in refused.stderr
    assert players_in(world / "world.db") == ["player1", "player2", "third"]
    assert run_warm("check", "--file", str(world / "no.db"), *at(world)).returncode == 2


def test_that_a_backup_goes_where_it_is_told_to(world: Path, tmp_path: Path) -> None:
    target = tmp_path / "usb" / "mine.db"
    assert run_warm("backup", str(target), *at(world)).returncode == 0
    assert players_in(target) == ["player1", "player2", "third"]
    again = run_warm("backup", str(target), *at(world))
    assert again.returncode == 2
    assert "exists already" in again.stderr
    elsewhere = tmp_path / "elsewhere"
    assert run_warm("restore", str(target), "--yes", *at(elsewhere)).returncode == 0
    assert players_in(elsewhere / "world.db") == ["player1", "player2", "third"]
    assert "there is no world" in run_warm("backup", *at(tmp_path / "nowhere")).stderr


# Killed in between --------------------------------------------------------------------------------


@pytest.mark.checkout
def test_that_a_kill_in_a_backup_leaves_no_half_of_it_on_the_list(world: Path) -> None:
    shelf = BackupShelf(world / "backups")
    code, operations = cut_short(0, "backup", *at(world))
    assert code == 0
    assert operations > 5
    cut = 0
    for when in instants(operations, 3):
        code, _ = cut_short(when, "backup", *at(world))
        cut += code != 0
        for manifest in shelf.manifests():
            path = shelf.path_of(manifest.name)
            assert_sound(path)
            assert len(players_in(path)) == manifest.rows["users"]
        assert players_in(world / "world.db") == ["player1", "player2", "third"]
    assert cut >= 2
    assert run_warm("backup", *at(world)).returncode == 0
    shelf.begin()
    assert len(list(shelf.folder.iterdir())) == 2 * len(shelf.manifests())


@pytest.mark.checkout
def test_that_a_kill_in_a_restore_leaves_the_old_world_or_the_new_one(world: Path) -> None:
    old, new = ["player1", "player2", "third"], ["player1", "player2"]
    (made,) = BackupShelf(world / "backups").manifests()
    (world / "secret.key").write_text("s" * 43)
    whole = world.with_name("copy")
    shutil.copytree(world, whole)
    code, operations = cut_short(0, "restore", made.name, "--yes", *at(whole))
    assert code == 0
    assert players_in(whole / "world.db") == new
    found = []
    for when in instants(operations, 4):
        shutil.rmtree(whole)
        shutil.copytree(world, whole)
        cut_short(when, "restore", made.name, "--yes", *at(whole))
        assert_sound(whole / "world.db")
        found.append(players_in(whole / "world.db"))
        # Nor tokens that open accounts of the other one.
        assert found[-1] == old or not (whole / "secret.key").exists()
        assert found[-1] in (old, new)
        # Whatever is left, the same restore goes through the next time.
        if len(found) == 1:
            assert run_warm("restore", made.name, "--yes", *at(whole)).returncode == 0
            assert players_in(whole / "world.db") == new
    assert old in found
    assert run_warm("check", *at(whole)).returncode in (0, 1)


REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9001", "{head}", None, None

def upgrade():
    with op.batch_alter_table("users", recreate="always") as batch:
        batch.add_column(sa.Column("motto", sa.Text(), nullable=True))
    with op.batch_alter_table("planets", recreate="always") as batch:
        batch.add_column(sa.Column("motto", sa.Text(), nullable=True))

def downgrade():
    pass
"""


@pytest.mark.checkout
def test_that_a_kill_in_a_migration_leaves_a_database_that_starts(
    world: Path, tmp_path: Path
) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(migrations_path(), scripts, ignore=shutil.ignore_patterns("__pycache__"))
    ((head,),) = rows(world / "world.db", "SELECT version_num FROM alembic_version")
    (scripts / "versions" / "9001_a_motto.py").write_text(REVISION.format(head=head))
    whole = world.with_name("copy")
    shutil.copytree(world, whole)
    code, operations = cut_short(0, "migrate", *at(whole), scripts=scripts)
    assert code == 0
    for when in instants(operations, 3):
        shutil.rmtree(whole)
        shutil.copytree(world, whole)
        cut_short(when, "migrate", *at(whole), scripts=scripts)
        assert_sound(whole / "world.db")
        assert cut_short(0, "migrate", *at(whole), scripts=scripts)[0] == 0
        assert rows(whole / "world.db", "SELECT version_num FROM alembic_version") == [("9001",)]
        assert players_in(whole / "world.db") == ["player1", "player2", "third"]
        assert rows(whole / "world.db", "SELECT count(*) FROM planets") == [(5,)]
        assert_sound(whole / "world.db")
        (before,) = [m for m in BackupShelf(whole / "backups").manifests() if m.revision == head][
            -1:
        ]
        assert_sound(whole / "backups" / before.name)
