"""The rules file: what it says, and how a malformed one is refused."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from core.errors import RulesError
from core.resources import resource_path
from core.rules import RULES, Economy, load_rules
from core.rules.research import technology_cost
from core.rules.settings import Setting

ORIGINAL = resource_path("rules.toml").read_text(encoding="utf-8")

ENERGY_REQUIRES = "requires = { research_lab = 1 }"
NOTHING_PLANNED = "buildings = []"
SHIPYARD_REQUIRES = "requires = { robot_factory = 2 }"
METAL_COST = "cost = { metal = 60, crystal = 15 }"
ROBOT_COST = "cost = { metal = 400, crystal = 120, deuterium = 200 }"
METAL_OUTPUT = 'output = { resource = "metal", base = 30, growth = 1.1 }'
FIRST_FIELDS = "fields = [96, 172]"
RESOURCES = 'resources = ["metal", "crystal", "deuterium"]'
FIGHTER_FIRE = "rapid_fire = { espionage_probe = 5, solar_satellite = 5, small_cargo = 3 }"
PALACE = "[buildings]\npalace = 5\n[buildings.metal_mine]"
CIRCLE = "form a circle: shipyard requires robot_factory requires shipyard"
NEWLINE = "\n"


def load(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    Economy(load_rules(path))


def refusal_of(tmp_path: Path, before: str, after: str) -> str:
    """Return what is said about the original with one change."""
    assert before in ORIGINAL
    with pytest.raises(RulesError) as refusal:
        load(tmp_path, ORIGINAL.replace(before, after, 1))
    return str(refusal.value)


def test_that_the_rules_are_those_of_the_genre() -> None:
    assert RULES.resources == ("metal", "crystal", "deuterium")
    assert RULES.build_queue_limit == 5
    assert RULES.home_fields == 163
    assert RULES.home_positions == (4, 12)
    assert len(RULES.slots) == 15
    assert RULES.buildings["shipyard"].requires == {"robot_factory": 2}
    assert {name for name, b in RULES.buildings.items() if b.requires} == {
        *("fusion_reactor", "shipyard", "nanite_factory", "missile_silo", "terraformer"),
        *("sensor_phalanx", "jump_gate"),
    }
    assert len(RULES.technologies) == 16
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
        ('"deuterium"]', '"deuterium", "metal"]', "resources are not all different"),
        (RESOURCES, "resources = 5", "resources is 5 instead of an array"),
        (RESOURCES, 'resources = ["metal"]', "prices are made of metal and crystal"),
        (
            "galaxies = { default = 9,",
            "galaxies = { default = 0,",
            "settings.galaxies.default is 0",
        ),
        ("galaxies = { default = 9,", "galaxies = {", "settings.galaxies.default is missing"),
        ("galaxies = { default = 9, least = 1,", "galaxies = { default = 9,", "least is missing"),
        ("galaxies = { default = 9,", 'galaxies = { default = "9",', "instead of a number"),
        ("level = 100 ", "level = 0 ", "limits.level is 0; permitted is 1 to 1000"),
        ("level = 100 ", "level = 100000 ", "limits.level"),
        ("build_queue = 5", "build_queue = 0", "limits.build_queue is 0"),
        ("build_queue = 5", 'build_queue = "many"', "'many' instead of a whole number"),
        ("build_queue = 5", "build_queue = true", "True instead of a whole number"),
        ("denominator = 33", "denominator = 0", "storage.denominator"),
        ("unit = 5000", "unit = nan", "not a finite number"),
        ("unit = 5000", "unit = 5000\nbarrels = 3", "storage.barrels is an unknown entry"),
        ("unit = 5000", 'unit = "5000"', "instead of a number"),
        ("cost_per_hour = 2500", "cost_per_hour = 0", "construction.cost_per_hour"),
        ('factory = "robot_factory"', 'factory = "robots"', "unknown building robots"),
        ('factory = "robot_factory"', "factory = 4", "instead of the name of a building"),
        ('late = ["nanite_factory"]', 'late = ["nanites"]', "unknown building nanites"),
        (METAL_COST, "cost = { gold = 60 }", "unknown resource gold"),
        (METAL_COST, "cost = { metal = -60 }", "buildings.metal_mine.cost.metal is -60"),
        (METAL_COST, "cost = {}", "a price is made of positive amounts"),
        (METAL_COST, "cost = { metal = 60.5 }", "60.5 instead of a whole number"),
        (METAL_COST, 'cost = { metal = "sixty" }', "instead of a whole number"),
        (METAL_COST, "cost = 60", "60 instead of a table"),
        ('cost_factor = "1.6"', 'cost_factor = "0.9"', "permitted is 1 to 100"),
        ('cost_factor = "1.6"', 'cost_factor = "much"', "no number"),
        ('cost_factor = "1.6"', 'cost_factor = "1/0"', "no number"),
        ('cost_factor = "1.6"', "cost_factor = true", "no number"),
        (METAL_OUTPUT, 'output = { resource = "gold", base = 1, growth = 1 }', "resource gold"),
        (METAL_OUTPUT, 'output = { resource = "metal", base = 30 }', "output.growth is missing"),
        (METAL_OUTPUT, 'output = { resource = "metal", base = inf, growth = 1.1 }', "finite"),
        (METAL_OUTPUT, 'output = { resource = "metal", base = -1, growth = 1.1 }', "base is -1"),
        (METAL_OUTPUT, 'output = { resource = "metal", base = 1, growth = 0.9 }', "growth is 0.9"),
        ('stores = "metal"', 'stores = "air"', "unknown resource air"),
        (SHIPYARD_REQUIRES, "requires = { palace = 2 }", "unknown building or technology palace"),
        (SHIPYARD_REQUIRES, "requires = { robot_factory = 0 }", "robot_factory is 0"),
        (SHIPYARD_REQUIRES, "requires = { robot_factory = 101 }", "permitted is 1 to 100"),
        (SHIPYARD_REQUIRES, 'requires = { robot_factory = "2" }', "instead of a whole number"),
        (SHIPYARD_REQUIRES, "requires = 2", "2 instead of a table"),
        ("positions = [4, 12]", "positions = [4, 16]", "home.positions[2] is 16"),
        ("positions = [4, 12]", "positions = [12, 4]", "[12, 4], which is not a range"),
        ("positions = [4, 12]", "positions = []", "not a range"),
        (FIRST_FIELDS, "fields = [172, 96]", "positions[1].fields is [172, 96]"),
        (FIRST_FIELDS, "fields = 96", "instead of an array"),
        ("temperature = [-130, -90]", "temperature = [-90, -130]", "positions[15].temperature"),
        ('stands_on = ["planet", "moon"]', 'stands_on = ["planet", "sea"]', "unknown place sea"),
        (
            'stands_on = ["planet", "moon"]',
            'stands_on = ["moon", "moon"]',
            "names the place moon twice",
        ),
        (FIGHTER_FIRE, "rapid_fire = { castle = 5 }", "unknown unit castle"),
        (FIGHTER_FIRE, "rapid_fire = { small_cargo = 0 }", "small_cargo is 0"),
        (METAL_OUTPUT, 'output = { resource = "metal", base = 1, growth = 200 }', "growth is 200"),
        ("per_level = 0.01 }", "per_level = 1.0 }", "growth_by.per_level is 1.0"),
        ("numerator = 20", "numerator = 200", "storage.numerator"),
        ("level = 5, speed = 10000", "level = 5, speed = 0", "drive_switches[1].speed is 0"),
        ('drive = "combustion_drive"', 'drive = "laser"', "flight.drive_percent does not name"),
        (
            '["espionage_probe"], ["small_cargo"]',
            '["espionage_probe"], ["crab"]',
            "unknown unit crab",
        ),
        (
            "{ below = 10000, cap = 40000 }",
            "{ below = 100000, cap = 4 }, { below = 9, cap = 4 }",
            "expedition.caps[2].below is 9, which does not come after 100000",
        ),
        ("delay_factors = [2, 3, 5]", "delay_factors = [2, 3]", "2 entries for 3 sizes"),
        ('targets = ["debris"]', 'targets = ["dust"]', "unknown target dust"),
        ('"player", "system"]', '"player", "rumour"]', "unknown kind of message rumour"),
        ('crystal = "2/3"', 'crystal = "0"', "is not above 0"),
        ("energy_use_follows = false", "energy_use_follows = 0", "instead of true or false"),
        ("[technologies.laser]", "[technologies.solar_plant]", "name of a building too"),
        ("[units.cruiser]", '[units."big cruiser"]', "more than small letters"),
        ("[buildings.metal_mine]", "[buildings.Mine]", "more than small letters"),
        ('kind = "warship"', 'kind = "yacht"', "unknown kind of unit yacht"),
        ('drive = "impulse_drive", level = 5', 'drive = "wind", level = 5', "technology wind"),
        ("cost_rounded_to = 100", "cost_rounded_to = 0", "cost_rounded_to is 0"),
        ('of = "unused"', 'of = "spare"', "unknown kind of energy spare"),
    ],
)
def test_that_malformed_rules_are_refused_with_the_line_that_is_wrong(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    sentence = refusal_of(tmp_path, before, after)
    last_line = ORIGINAL[: ORIGINAL.index(before)].count("\n") + 1 + after.count("\n")
    assert sentence.startswith(f"rules.toml, line {last_line}: ")
    assert says in sentence


@pytest.mark.parametrize(
    ("before", "after", "header", "says"),
    [
        ("early_divisor = 4", "", "[construction]", "construction.early_divisor is missing"),
        (METAL_COST, "", "[buildings.metal_mine]", "buildings.metal_mine.cost is missing"),
        (FIRST_FIELDS, "", "[[positions]]", "positions[1].fields is missing"),
        (
            NOTHING_PLANNED,
            'buildings = ["palace"]',
            'buildings = ["palace"]',
            "unknown building palace",
        ),
        (
            "[buildings.metal_mine]",
            PALACE,
            "palace = 5",
            "buildings.palace is 5 instead of a table",
        ),
        (
            ROBOT_COST,
            f"requires = {{ shipyard = 1 }}\n{ROBOT_COST}",
            SHIPYARD_REQUIRES,
            CIRCLE,
        ),
    ],
)
def test_that_what_is_wrong_elsewhere_is_refused_with_its_own_line(
    tmp_path: Path, before: str, after: str, header: str, says: str
) -> None:
    sentence = refusal_of(tmp_path, before, after)
    text = ORIGINAL.replace(before, after, 1)
    assert sentence.startswith(f"rules.toml, line {text[: text.index(header)].count(NEWLINE) + 1}:")
    assert says in sentence


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (RESOURCES, "", "rules.toml: resources is missing"),
        ("[settings]", "[setting]", "settings"),
        ("[limits]", "[limit]", "rules.toml: limits is missing"),
        ("[planet]", "[planets]", "rules.toml: planet is missing"),
        ("[combat]", "[combats]", "combat"),
    ],
)
def test_that_a_table_that_is_missing_is_named(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    assert says in refusal_of(tmp_path, before, after)


@pytest.mark.parametrize(
    ("planned", "requires"),
    [
        ("robot_factory", "buildings.shipyard.requires.robot_factory"),
        ("research_lab", "technologies.energy.requires.research_lab"),
    ],
)
def test_that_what_is_played_requires_nothing_that_is_only_planned(
    tmp_path: Path, planned: str, requires: str
) -> None:
    sentence = refusal_of(tmp_path, NOTHING_PLANNED, f'buildings = ["{planned}"]')
    assert f"{requires} is required by what is played, and only planned" in sentence


def test_that_what_is_planned_is_known_and_neither_played_nor_shown(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    planned = 'buildings = ["jump_gate"]\ntables = ["moon"]\nsettings = ["newbie_protection"]\n'
    start, end = ORIGINAL.index(NOTHING_PLANNED), ORIGINAL.index("# What a world starts with")
    path.write_text(f"{ORIGINAL[:start]}{planned}{ORIGINAL[end:]}", encoding="utf-8")
    rules = load_rules(path)
    assert set(rules.all_buildings) - set(rules.buildings) == {"jump_gate"}
    assert set(rules.all_settings) - set(rules.settings) == {"newbie_protection"}
    assert rules.buildings.keys() == rules.source["buildings"].keys()
    assert rules.settings.keys() == rules.source["settings"].keys()
    assert rules.source.keys().isdisjoint({"planned", "moon"})
    assert list(rules.all_buildings)[4] == "fusion_reactor"


def test_that_what_is_no_longer_planned_is_played_and_shown() -> None:
    assert {"lunar_base", "sensor_phalanx", "jump_gate"} <= RULES.buildings.keys()
    assert RULES.source["buildings"].keys() == RULES.buildings.keys()
    assert {"moon", "phalanx", "jump_gate", "satellite", "score"} <= RULES.source.keys()


def test_that_a_building_a_technology_and_a_unit_are_added_by_data_alone(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(
        ORIGINAL
        + """
[buildings.observatory]
cost = { metal = 100, crystal = 1000 }
cost_factor = "1.75"

[technologies.optics]
cost = { crystal = 500 }
cost_factor = "2"
requires = { observatory = 3 }

[units.lancer]
kind = "warship"
cost = { metal = 7000, crystal = 3000 }
requires = { shipyard = 3, optics = 1 }
attack = 90
speed = 9000
drive = "impulse_drive"
fuel = 30
rapid_fire = { rocket_launcher = 4 }
""",
        encoding="utf-8",
    )
    rules = load_rules(path)
    # 1.75² = 3.0625
    assert Economy(rules).cost("observatory", 3) == (306, 3062, 0)
    assert technology_cost(rules.technologies["optics"], 4) == (0, 4000, 0)
    table = rules.unit_table
    assert table.names[-1] == "lancer"
    assert table.hull[-1] == 1000
    assert table.rapid_fire[-1, table.index["rocket_launcher"]] == 4
    assert "observatory" in rules.buildings


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
