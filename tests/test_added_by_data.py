"""A building and a technology that are added as data and a revision, on a copy of the tree."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.test_persistence_guide import Copy, copy_of_the_tree

OBSERVATORY_AND_OPTICS = """
[buildings.observatory]
cost = { metal = 100, crystal = 50 }
cost_factor = "2"
requires = { metal_mine = 1 }

[technologies.optics]
cost = { crystal = 500 }
cost_factor = "2"
requires = { observatory = 1, energy = 1 }
"""
ENDS_OF_WHAT_IS = ("[buildings.metal_storage]\n", "[technologies.laser]\n")

# What a player does in the world of the copy, before and after a restart of the program.
PLAY = textwrap.dedent(
    """
    from pathlib import Path
    from tests.end_to_end.program import PlayerClient, hosting, wait_until

    RICH = {f"STARTER_{name}": "50000" for name in ("METAL", "CRYSTAL", "DEUTERIUM")}
    data_dir = Path("played") / "world"
    data_dir.parent.mkdir()

    def play(ada):
        for building in ("metal_mine", "observatory", "research_lab"):
            ada.build(building)
        wait_until("all is built", lambda: not ada.planet()["build_queue"])
        assert ada.planet()["buildings"]["observatory"] == 1
        for technology in ("energy", "optics", "optics"):
            ada.post(f"/player/{ada.id}/research", {"research_type": technology})

    def check(ada):
        wait_until("all is known", lambda: not ada.planet()["research_queue"])
        assert ada.planet()["research"]["optics"] == 2
        assert ada.planet()["research"]["energy"] == 1

    with hosting(data_dir, "--speed", "1000", env=RICH) as program:
        ada = PlayerClient(program.url, "ada")
        ada.register()
        ada.log_in()
        costs = ada.get("/building-costs/observatory?level=1")
        assert costs["cost"] == {"metal": 200, "crystal": 100, "deuterium": 0}
        play(ada)
        check(ada)
        ada.close()
        assert program.stop() == 0
    with hosting(data_dir) as program:
        ada = PlayerClient(program.url, "ada")
        ada.log_in()
        assert ada.planet()["buildings"]["observatory"] == 1
        check(ada)
        ada.close()
        assert program.stop() == 0
    """
)


@pytest.mark.slow
def test_that_a_building_and_a_technology_are_data_and_a_revision(tmp_path: Path) -> None:
    copy = copy_of_the_tree(tmp_path)
    _add_to_the_rules(copy)
    copy.run("python3 dev.py migrate -- upgrade head")
    copy.run('python3 dev.py migrate -- revision --autogenerate -m "stars are seen" --rev-id NEXT')
    _give_rows_that_exist_a_value(copy)
    copy.run("python3 dev.py migrate -- upgrade head")
    copy.run("python3 dev.py migrate -- check")
    copy.call("-c", PLAY)


def _add_to_the_rules(copy: Copy) -> None:
    """Put each among its like: not at the end, so that every number by order changes."""
    path = copy.root / "resources" / "rules.toml"
    text = path.read_text(encoding="utf-8")
    added = OBSERVATORY_AND_OPTICS.partition("[technologies")
    pieces = (added[0], "".join(added[1:]))
    for piece, before in zip(pieces, ENDS_OF_WHAT_IS, strict=True):
        assert before in text
        text = text.replace(before, f"{piece.strip()}\n\n{before}", 1)
    path.write_text(text, encoding="utf-8")


def _give_rows_that_exist_a_value(copy: Copy) -> None:
    revision = max((copy.root / "migrations" / "versions").glob("[0-9]*.py"))
    text = revision.read_text(encoding="utf-8")
    for column in ("observatory_level", "optics_level", "optics_technology"):
        assert f'"{column}"' in text or f"'{column}'" in text
    old, new = (
        "sa.SmallInteger(), nullable=False",
        'sa.SmallInteger(), server_default="0", nullable=False',
    )
    assert text.count(old) == 3
    revision.write_text(text.replace(old, new), encoding="utf-8")
