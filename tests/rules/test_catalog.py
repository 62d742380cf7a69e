"""The rules file: what it says, and how a malformed one is refused."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from core.errors import RulesError
from core.resources import resource_path
from core.rules import RULES, Economy, load_rules
from core.rules.catalog import Setting

ORIGINAL = resource_path("rules.toml").read_text(encoding="utf-8")

SHIPYARD_REQUIRES = "requires = { robot_factory = 2 }"
METAL_COST = "cost = { metal = 60, crystal = 15 }"
ROBOT_COST = "cost = { metal = 400, crystal = 120, deuterium = 200 }"
METAL_OUTPUT = 'output = { resource = "metal", base = 30, growth = 1.1 }'
FIRST_FIELDS = "fields = [96, 172]"


def load(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    Economy(load_rules(path))


def test_that_the_rules_are_those_of_the_genre() -> None:
    assert RULES.resources == ("metal", "crystal", "deuterium")
    assert RULES.build_queue_limit == 5
    assert RULES.home_fields == 163
    assert RULES.home_positions == (4, 12)
    assert len(RULES.slots) == 15
    assert RULES.buildings["shipyard"].requires == {"robot_factory": 2}
    assert {name for name, b in RULES.buildings.items() if b.requires} == {"shipyard"}
    assert RULES.slots[7].fields == (156, 252)
    assert RULES.slots[7].temperature_max == (30, 70)
    assert RULES.slots[14].temperature_max == (-130, -90)


@pytest.mark.parametrize(
    ("fields", "diameter_km"),
    [
        (163, 11_588),  # 36.14 · 163 + 5697.23 = 11 588.05
        (96, 9_166),  # 9 166.67
        (252, 14_804),  # 14 804.51
    ],
)
def test_that_a_diameter_follows_from_the_fields(fields: int, diameter_km: int) -> None:
    assert RULES.diameter_km(fields) == diameter_km


@pytest.mark.parametrize(
    ("setting", "permitted", "not_permitted", "in_words"),
    [
        (Setting(9, 1, 1000), (1, 9, 1000), (0, 1001, 2.0, True, "9"), "a whole number from 1"),
        (Setting(1.0, 0.5, 2), (0.5, 1, 2.0), (0.4, 3, inf, nan, True, "1"), "from 0.5 to 2"),
        (Setting(True), (True, False), (1, 0, 1.0, "true"), "true or false"),
    ],
)
def test_that_a_setting_knows_what_it_may_be(
    setting: Setting, permitted: Any, not_permitted: Any, in_words: str
) -> None:
    assert all(map(setting.permits, permitted))
    assert not any(map(setting.permits, not_permitted))
    assert in_words in setting.permitted


def test_that_the_original_passes(tmp_path: Path) -> None:
    load(tmp_path, ORIGINAL)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('resources = ["metal", "crystal", "deuterium"]', "", "resources"),
        ('"deuterium"]', '"deuterium", "metal"]', "resources"),
        ('resources = ["metal", "crystal", "deuterium"]', "resources = 5", "malformed"),
        ("[settings]", "[setting]", "settings"),
        ("galaxies = { default = 9,", "galaxies = { default = 0,", "settings.galaxies"),
        ("galaxies = { default = 9,", "galaxies = {", "malformed"),
        ("galaxies = { default = 9, least = 1,", "galaxies = { default = 9,", "settings.galaxies"),
        ("[limits]", "[limit]", "limits"),
        ("level = 100 ", "level = 0 ", "limits must be at least 1"),
        ("level = 100 ", "level = 100000 ", "limits"),
        ("build_queue = 5", "build_queue = 0", "limits must be at least 1"),
        ("build_queue = 5", 'build_queue = "many"', "malformed"),
        ("denominator = 33", "denominator = 0", "storage"),
        ("unit = 5000", "unit = nan", "not a finite number"),
        ("unit = 5000", "units = 5000", "unit"),
        ("cost_per_hour = 2500", "cost_per_hour = 0", "cost_per_hour"),
        ("early_divisor = 4", "", "early_divisor"),
        ('factory = "robot_factory"', 'factory = "robots"', "unknown building robots"),
        (METAL_COST, "cost = { gold = 60 }", "unknown resource gold"),
        (METAL_COST, "cost = { metal = -60 }", "a price is made of positive amounts"),
        (METAL_COST, "cost = {}", "a price is made of positive amounts"),
        (METAL_COST, "cost = { metal = 60.5 }", "whole"),
        (METAL_COST, 'cost = { metal = "sixty" }', "malformed"),
        (METAL_COST, "cost = 60", "malformed"),
        (METAL_COST, "", "cost"),
        ('cost_factor = "1.6"', 'cost_factor = "0.9"', "cost_factor is below 1"),
        ('cost_factor = "1.6"', 'cost_factor = "much"', "malformed"),
        ('cost_factor = "1.6"', 'cost_factor = "1/0"', "malformed"),
        ('cost_factor = "1.6"', 'cost_fact = "1.6"', "cost_fact"),
        (METAL_OUTPUT, 'output = { resource = "gold", base = 1, growth = 1 }', "resource gold"),
        (METAL_OUTPUT, 'output = { resource = "metal", base = 30 }', "growth"),
        (METAL_OUTPUT, 'output = { resource = "metal", base = inf, growth = 1.1 }', "finite"),
        (METAL_OUTPUT, 'output = { resource = "metal", base = -1, growth = 1.1 }', "metal_mine"),
        ('stores = "metal"', 'stores = "air"', "unknown resource air"),
        (SHIPYARD_REQUIRES, "requires = { palace = 2 }", "unknown palace 2"),
        (SHIPYARD_REQUIRES, "requires = { robot_factory = 0 }", "robot_factory 0"),
        (SHIPYARD_REQUIRES, 'requires = { robot_factory = "2" }', "malformed"),
        (SHIPYARD_REQUIRES, "requires = 2", "malformed"),
        (ROBOT_COST, f"requires = {{ shipyard = 1 }}\n{ROBOT_COST}", "form a circle"),
        ("positions = [4, 12]", "positions = [4, 16]", "home.positions"),
        ("positions = [4, 12]", "positions = [12, 4]", "home.positions"),
        ("positions = [4, 12]", "positions = []", "malformed"),
        (FIRST_FIELDS, "fields = [172, 96]", "positions"),
        (FIRST_FIELDS, "fields = 96", "malformed"),
        ("temperature = [220, 260]", "temperature = [260, 220]", "positions"),
        ("[buildings.metal_mine]", "[buildings]\npalace = 5\n[buildings.metal_mine]", "malformed"),
        ("[planet]", "[planets]", "planet"),
    ],
)
def test_that_malformed_rules_are_refused_with_a_sentence(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    assert before in ORIGINAL
    with pytest.raises(RulesError) as refusal:
        load(tmp_path, ORIGINAL.replace(before, after, 1))
    assert str(refusal.value).startswith("rules.toml")
    assert says in str(refusal.value)


def test_that_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"rules\.toml cannot be read"):
        load(tmp_path, "resources = [")


def test_that_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RulesError, match=r"rules\.toml cannot be read"):
        load_rules(path)


def test_that_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"rules\.toml cannot be read"):
        load_rules(tmp_path / "rules.toml")
