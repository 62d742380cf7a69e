"""Looking into a table of the rules file: every value with its type and range, or a refusal.

What a reader does not ask for must not be there: `refuse_surplus` finds it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from core.errors import RulesError
from core.rules.source import KeyPath, RulesSource

# Up to here every whole number is a float, and more than any world has of anything.
WHOLE_MOST = 2**53
NUMBER_MOST = 1e15


@dataclass(frozen=True, slots=True)
class Names:
    """What may be named in the file: the keys of its tables."""

    resources: tuple[str, ...] = ()
    buildings: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(slots=True)
class Entry:
    """A table of the file; `asked` are the keys that were read."""

    source: RulesSource
    names: Names
    path: KeyPath
    values: Mapping[str, Any]
    asked: set[str] = field(default_factory=set)
    inner: list[Entry] = field(default_factory=list)

    def refusal(self, key: str | KeyPath, sentence: str) -> RulesError:
        """Return the error for something in this table; () is the table itself."""
        keys = (key,) if isinstance(key, str) else key
        return self.source.refusal((*self.path, *keys), sentence)

    def has(self, key: str) -> bool:
        return key in self.values

    def value(self, key: str) -> Any:
        """Return a value as it is, and raise RulesError if it is missing."""
        self.asked.add(key)
        if key not in self.values:
            raise self.refusal(key, "is missing")
        return self.values[key]

    def whole(self, key: str, least: int = 0, most: int = WHOLE_MOST) -> int:
        return self._whole(key, self.value(key), least, most)

    def number(self, key: str, least: float = 0.0, most: float = NUMBER_MOST) -> float:
        return self._number(key, self.value(key), least, most)

    def optional_whole(self, key: str, default: int, least: int = 0, most: int = WHOLE_MOST) -> int:
        return self.whole(key, least, most) if self.has(key) else default

    def fraction(self, key: str, least: int, most: int = WHOLE_MOST) -> Fraction:
        """Return an exact number: "1.75" or "2/3" in quotation marks, or a plain one."""
        value = self.value(key)
        try:
            if isinstance(value, bool):
                raise ValueError
            number = Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            raise self.refusal(key, f"is {value!r}, which is no number") from None
        if not least <= number <= most:
            raise self.refusal(key, f"is {value!r}; permitted is {least} to {most}")
        return number

    def flag(self, key: str) -> bool:
        value = self.value(key)
        if not isinstance(value, bool):
            raise self.refusal(key, f"is {value!r} instead of true or false")
        return value

    def name(self, key: str, among: Collection[str], of: str) -> str:
        """Return a name out of some; `of` says of what they are."""
        return self._name(key, self.value(key), among, of)

    def list_of_names(self, key: str, among: Collection[str], of: str) -> tuple[str, ...]:
        """Return an array of names, all different."""
        return self._names((key,), self.array(key), among, of)

    def lists_of_names(
        self, key: str, among: Collection[str], of: str
    ) -> tuple[tuple[str, ...], ...]:
        """Return an array of arrays of names."""
        return tuple(
            self._names((key, place), names, among, of)
            for place, names in enumerate(self.array(key))
        )

    def array(self, key: str) -> Sequence[Any]:
        return self._array((key,), self.value(key))

    def wholes(self, key: str, least: int = 0, most: int = WHOLE_MOST) -> tuple[int, ...]:
        return tuple(
            self._whole((key, place), value, least, most)
            for place, value in enumerate(self.array(key))
        )

    def range(self, key: str, least: int, most: int) -> tuple[int, int]:
        """Return two whole numbers, the lower one first."""
        numbers = self.wholes(key, least, most)
        if len(numbers) != 2 or numbers[0] > numbers[1]:
            raise self.refusal(key, f"is {list(numbers)}, which is not a range")
        return numbers[0], numbers[1]

    def table(self, key: str) -> Entry:
        return self._inner((key,), self.value(key))

    def optional_table(self, key: str) -> Entry | None:
        return self.table(key) if self.has(key) else None

    def tables(self, key: str) -> list[Entry]:
        """Return the tables of an array."""
        return [self._inner((key, place), value) for place, value in enumerate(self.array(key))]

    def each(self) -> Iterator[tuple[str, Entry]]:
        """Yield every key with its table."""
        for key in self.values:
            yield key, self.table(key)

    def amounts(self, key: str) -> tuple[int, ...]:
        """Return a whole amount, not negative, of each resource; what is not named is 0."""
        entry = self._of_resources(key)
        return tuple(entry.optional_whole(name, 0) for name in self.names.resources)

    def shares(self, key: str, most: float) -> tuple[float, ...]:
        """Return a number of each resource, not negative; what is not named is 0."""
        entry = self._of_resources(key)
        return tuple(
            entry.number(name, most=most) if entry.has(name) else 0.0
            for name in self.names.resources
        )

    def fractions(self, key: str) -> tuple[Fraction, ...]:
        """Return an exact number above 0 of each resource."""
        entry = self._of_resources(key)
        numbers = tuple(entry.fraction(name, 0) for name in self.names.resources)
        for name, number in zip(self.names.resources, numbers, strict=True):
            if not number:
                raise entry.refusal(name, "is not above 0")
        return numbers

    def numbers_of(
        self, key: str, among: Collection[str], of: str, least: int, most: int
    ) -> dict[str, int]:
        """Return the whole numbers of a table by names out of some; empty without the table."""
        entry = self.optional_table(key)
        if entry is None:
            return {}
        entry._only(among, of)
        return {name: entry.whole(name, least, most) for name in entry.values}

    def requires(self, level_most: int) -> dict[str, int]:
        """Return the levels of buildings and technologies that something requires."""
        known = self.names.buildings + self.names.technologies
        return self.numbers_of("requires", known, "building or technology", 1, level_most)

    def refuse_surplus(self) -> None:
        """Raise RulesError for the first entry, here or below, that nobody asked for."""
        for key in self.values:
            if key not in self.asked:
                raise self.refusal(key, "is an unknown entry")
        for entry in self.inner:
            entry.refuse_surplus()

    def _inner(self, keys: KeyPath, value: Any) -> Entry:
        if not isinstance(value, Mapping):
            raise self.source.refusal((*self.path, *keys), f"is {value!r} instead of a table")
        entry = Entry(self.source, self.names, (*self.path, *keys), value)
        self.inner.append(entry)
        return entry

    def _of_resources(self, key: str) -> Entry:
        entry = self.table(key)
        entry._only(self.names.resources, "resource")
        return entry

    def _only(self, among: Collection[str], of: str) -> None:
        for key in self.values:
            if key not in among:
                raise self.refusal(key, f"names an unknown {of} {key}")

    def _array(self, keys: KeyPath, value: Any) -> Sequence[Any]:
        if not isinstance(value, list):
            raise self.refusal(keys, f"is {value!r} instead of an array")
        return value

    def _names(self, keys: KeyPath, value: Any, among: Collection[str], of: str) -> tuple[str, ...]:
        names: list[str] = []
        for place, entry in enumerate(self._array(keys, value)):
            names.append(self._name((*keys, place), entry, among, of))
            if names[-1] in names[:-1]:
                raise self.refusal((*keys, place), f"names the {of} {names[-1]} twice")
        return tuple(names)

    def _name(self, key: str | KeyPath, value: Any, among: Collection[str], of: str) -> str:
        if not isinstance(value, str):
            raise self.refusal(key, f"is {value!r} instead of the name of a {of}")
        if value not in among:
            raise self.refusal(key, f"names an unknown {of} {value}")
        return value

    def _whole(self, key: str | KeyPath, value: Any, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refusal(key, f"is {value!r} instead of a whole number")
        return int(self._within(key, value, least, most))

    def _number(self, key: str | KeyPath, value: Any, least: float, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refusal(key, f"is {value!r} instead of a number")
        if not math.isfinite(value):
            raise self.refusal(key, f"is {value!r}, which is not a finite number")
        return float(self._within(key, value, least, most))

    def _within(self, key: str | KeyPath, value: float, least: float, most: float) -> float:
        if not least <= value <= most:
            raise self.refusal(key, f"is {value!r}; permitted is {least:.15g} to {most:.15g}")
        return value
