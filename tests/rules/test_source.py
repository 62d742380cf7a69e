"""The lines of a rules file: whatever way an entry is written, its line is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.resources import resource_path
from core.rules.source import KeyPath, RulesSource, dotted

TEXT = '''\
# a comment with [brackets] = "and more"

top = 1 # line 3
"quoted.key" = 2
a.b.c = { d = 4 }

[table]
inline = { x = 1, y = { z = [10, 20] } }
text = """
[not.a.table]
neither = "is this"
"""
array = [ # begins on line 13
    1, 2,
    3, # line 15
    { x = "]" }, [4,
    5],
]
after = 19

  [[rows]]
n = 1
[[rows]] # the second
n = 2
[rows.below]
deep = 1
[[rows.lists]]
m = 1
[[rows.lists]]
m = 2

[a.b2]
e = 5
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 3),
        (("quoted.key",), 4),
        (("a",), 5),
        (("a", "b", "c", "d"), 5),
        (("table",), 7),
        (("table", "inline", "y", "z", 1), 8),
        (("table", "text"), 9),
        (("table", "array"), 13),
        (("table", "array", 0), 14),
        (("table", "array", 1), 14),
        (("table", "array", 2), 15),
        (("table", "array", 3, "x"), 16),
        (("table", "after"), 19),
        (("rows",), 21),
        (("rows", 0), 21),
        (("rows", 0, "n"), 22),
        (("rows", 1), 23),
        (("rows", 1, "n"), 24),
        (("rows", 1, "below", "deep"), 26),
        (("rows", 1, "lists", 0, "m"), 28),
        (("rows", 1, "lists", 1, "m"), 30),
        (("a", "b2"), 32),
        (("a", "b2", "e"), 33),
    ],
)
def test_that_an_entry_has_its_line(path: KeyPath, line: int) -> None:
    assert RulesSource("rules.toml", TEXT).line_of(path) == line


def test_that_what_is_not_there_has_the_line_of_what_it_belongs_to() -> None:
    source = RulesSource("rules.toml", TEXT)
    assert source.line_of(("table", "missing")) == 7
    assert source.line_of(("rows", 1, "below", "missing", 3)) == 25
    assert source.line_of(("missing",)) is None


def test_that_a_refusal_says_file_line_place_and_what_is_wrong() -> None:
    source = RulesSource("rules.toml", TEXT)
    refusal = source.refusal(("rows", 1, "n"), "is 2, which is too much")
    assert str(refusal) == "rules.toml, line 24: rows[2].n is 2, which is too much"
    assert str(source.refusal(("x",), "is missing")) == "rules.toml: x is missing"


def test_that_a_path_is_written_as_people_do() -> None:
    assert dotted(("positions", 0, "fields", 1)) == "positions[1].fields[2]"


def test_that_every_entry_of_the_rules_has_a_line() -> None:
    source = RulesSource.read(resource_path("rules.toml"))
    rows = source.lines

    def look(path: KeyPath, value: object) -> None:
        assert path in rows
        entries = value.items() if isinstance(value, dict) else ()
        for key, inner in entries:
            look((*path, key), inner)
        for place, inner in enumerate(value if isinstance(value, list) else ()):
            look((*path, place), inner)

    for key, value in source.data.items():
        look((key,), value)


@given(
    st.lists(
        st.sampled_from(
            ["# x = [", "", "a{} = 1", "b{} = [1,\n 2]", 'c{} = """\n# no\n"""', "[t{}]", "[[r]]"]
        ),
        max_size=12,
    )
)
def test_that_lines_are_found_whatever_comes_before(pieces: list[str]) -> None:
    text = "\n".join(piece.format(number) for number, piece in enumerate(pieces))
    text += "\n[last]\n\nentry = 1\n"
    assert RulesSource("rules.toml", text).line_of(("last", "entry")) == text.count("\n")
