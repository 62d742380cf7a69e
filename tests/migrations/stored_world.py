"""Makes the stored database of a revision: a small world that was played, as an SQL dump.

Before a new revision is written, the program that has only the old ones plays and keeps its world:

    python3 -m tests.migrations.stored_world

A stored world is never made anew: it is what players of that version have on their disks.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from tests.end_to_end.program import PlayerClient, Program, hosting, player, run, wait_until

FIXTURES = Path(__file__).with_name("fixtures")
_RICH = {"STARTER_METAL": "60000", "STARTER_CRYSTAL": "40000", "STARTER_DEUTERIUM": "20000"}


def play(data_dir: Path) -> None:
    """Have a world with finished, active, waiting and cancelled items, and a token logged out.

    There is an offer of each kind that a moment can make, and there are messages. Beside those who
    play lie seeded planets, between which fleets fly.
    """
    people = ("--players", "3", "--planets", "3", "--bots", "1", "--fleets", "5")
    seeded = run("seed", "--data-dir", str(data_dir), *people, "--random-seed", "1")
    assert seeded.returncode == 0, seeded.stderr
    with hosting(data_dir, "--speed", "20", env=_RICH) as program:
        _raise_mines(program)
        _demolish(program)
        _trade(program)
        with _logged_in(program, "eve") as eve:
            eve.post("/auth/logout", {})
        with player(program.url, "Zoe_1") as idle:
            idle.register()
        assert program.stop() == 0


def _raise_mines(program: Program) -> None:
    with _logged_in(program, "ada") as ada:
        ada.build("solar_plant")
        ada.build("metal_mine")
        wait_until("both are built", lambda: ada.planet()["build_queue"] == [])
        for building in ("robot_factory", "metal_mine", "crystal_mine", "metal_storage"):
            ada.build(building)
        ada.delete(f"/player/{ada.id}/build-queue/2")


def _demolish(program: Program) -> None:
    with _logged_in(program, "bob") as bob:
        bob.build("metal_mine")
        wait_until("it is built", lambda: bob.planet()["build_queue"] == [])
        bob.delete(f"/player/{bob.id}/buildings/metal_mine")
        bob.build("deuterium_synthesizer")


def _trade(program: Program) -> None:
    metal_for_crystal = {
        "offered_resource": "metal",
        "offered_amount": 300,
        "requested_resource": "crystal",
        "requested_amount": 200,
    }
    with _logged_in(program, "kim") as kim, _logged_in(program, "lee") as lee:
        first, second, _third = (
            kim.post("/trade/offers", metal_for_crystal)["id"] for _ in range(3)
        )
        lee.post(f"/trade/accept/{first}", {})
        kim.delete(f"/trade/offers/{second}")
        letter = kim.post(f"/player/{kim.id}/messages", {"to": "lee", "text": "More?"})["id"]
        lee.post(f"/player/{lee.id}/messages/{letter}/read", {})
        lee.post(f"/player/{lee.id}/messages", {"to": "kim", "text": "No."})


def _logged_in(program: Program, name: str) -> closing[PlayerClient]:
    client = PlayerClient(program.url, name)
    client.register()
    client.log_in()
    return closing(client)


def dump(database: Path) -> str:
    """Return a database as the SQL that makes it anew."""
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def restore(script: Path, database: Path) -> None:
    """Make a database from its dump."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(script.read_text(encoding="utf-8"))


def revision_of(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(revision)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="starkeep-") as folder:
        data_dir = Path(folder) / "world"
        play(data_dir)
        database = data_dir / "world.db"
        target = FIXTURES / f"{revision_of(database)}.sql"
        if target.exists():
            print(f"{target.name} is there already; what was released does not change")
            return 1
        target.write_text(dump(database), encoding="utf-8")
    print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
