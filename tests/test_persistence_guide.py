"""PERSISTENCE.md, followed to the letter on a copy of the tree."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("core", "desktop_app", "migrations", "resources", "tests", "pyproject.toml")

_ALEMBIC = """
import json, sys
from alembic.config import main
for words in json.loads(sys.argv[1]):
    main(words)
"""

_BLOCK = re.compile(r"^(?P<indent> *)```(?:python)?\n(?P<text>.*?)^(?P=indent)```\n", re.M | re.S)
_PLACE = re.compile(r"In `(?P<file>[\w./]+)`, (?:below `(?P<below>[^`]+)`|at the end):\s*\Z")
_NEW_FILE = re.compile(r"Create `(?P<file>[\w./]+)`:\s*\Z")
_REPLACE = re.compile(r"in the new revision, replace `(?P<old>[^`]+)` by `(?P<new>[^`]+)`")


@dataclass
class Copy:
    """A copy of the tree that somebody works on by the guide."""

    root: Path

    def __post_init__(self) -> None:
        self._environment = {**os.environ, "DATABASE_URL": f"sqlite:///{self.root}/scratch.db"}
        self._tests: list[str] = []

    def insert(self, file: str, below: str | None, text: str) -> None:
        path = self.root / file
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        places = [place for place, line in enumerate(lines, start=1) if line.strip() == below]
        assert below is None or len(places) == 1, f"{file} has {len(places)} lines {below!r}"
        at = places[0] if places else len(lines)
        path.write_text("".join([*lines[:at], text, *lines[at:]]), encoding="utf-8")

    def create(self, file: str, text: str) -> None:
        assert not (self.root / file).exists()
        (self.root / file).write_text(text, encoding="utf-8")

    def edit_newest_revision(self, old: str, new: str) -> None:
        path = self._revisions()[-1]
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, lines: Iterable[str]) -> None:
        """Do what a block of commands says; those of Alembic one after the other in one process.

        Tests are noted: to import all that they need takes longer than the tests.
        """
        commands = [self._command(line) for line in lines if not line.startswith("export ")]
        for module, group in groupby(commands, key=itemgetter(0)):
            if module == "migrate":
                self.call("-c", _ALEMBIC, json.dumps([words for _, words in group]))
            else:
                for _, words in group:
                    self._tests += words

    def test(self) -> None:
        """Run the tests that were noted."""
        self.call("-m", "pytest", *self._tests)

    def _command(self, line: str) -> tuple[str, list[str]]:
        newest = int(self._revisions()[-1].name.partition("_")[0])
        words = shlex.split(line.replace("NEXT", f"{newest + 1:04}"))
        assert words[:2] == ["python3", "dev.py"], line
        assert words[2] in ("migrate", "test"), line
        assert words[3] == "--", line
        return words[2], words[4:]

    def call(self, *arguments: str) -> None:
        ended = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def _revisions(self) -> list[Path]:
        return sorted((self.root / "migrations" / "versions").glob("[0-9]*.py"))


def copy_of_the_tree(folder: Path) -> Copy:
    """Copy what the program and its tests are made of."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)
    return Copy(folder)


def follow(guide: str, copy: Copy) -> int:
    """Do what each block of a guide says, with the words before it; return how many there were."""
    done = end = 0
    for block in _BLOCK.finditer(guide):
        words, end = " ".join(guide[end : block.start()].split()), block.end()
        for edit in _REPLACE.finditer(words):
            copy.edit_newest_revision(edit["old"], edit["new"])
        indent = len(block["indent"])
        text = "".join(line[indent:] or "\n" for line in block["text"].splitlines(keepends=True))
        if place := _PLACE.search(words):
            copy.insert(place["file"], place["below"], text)
        elif new_file := _NEW_FILE.search(words):
            copy.create(new_file["file"], textwrap.dedent(text))
        else:
            copy.run(line.strip() for line in text.splitlines())
        done += 1
    return done


def section(document: str, title: str) -> str:
    """Return a section of a document, up to the next of its level."""
    begin = document.index(f"\n## {title}\n")
    return document[begin : document.index("\n## ", begin + 1)]


def test_that_the_guide_leads_to_a_change_that_works(tmp_path: Path) -> None:
    copy = copy_of_the_tree(tmp_path)
    guide = (ROOT / "PERSISTENCE.md").read_text(encoding="utf-8")
    assert follow(section(guide, "A new field"), copy) == 7
    assert follow(section(guide, "A new operation"), copy) == 6
    copy.test()
    copy.call("-m", "ruff", "check", "core", "tests/persistence")
    copy.call("-m", "ruff", "format", "--check", "core", "tests/persistence")
