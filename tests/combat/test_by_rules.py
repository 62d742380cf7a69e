from __future__ import annotations

from core.combat.by_rules import aftermath_of, laws_of, participant_of, stats_of
from core.rules import RULES
from tests.combat import armies

TABLE = RULES.unit_table


def test_that_the_rules_have_the_units_that_these_tests_were_written_for() -> None:
    stats = stats_of(RULES)
    places = [TABLE.index[name] for name in armies.NAMES]
    for name in ("attack", "shield", "hull", "cost", "is_ship", "is_defence"):
        column = getattr(stats, name)
        assert tuple(column[place] for place in places) == getattr(armies.STATS, name), name
    for shooter, row in zip(places, armies.STATS.rapid_fire, strict=True):
        assert tuple(stats.rapid_fire[shooter][target] for target in places) == row


def test_that_the_rules_have_the_laws_that_these_tests_were_written_for() -> None:
    assert laws_of(RULES) == armies.LAWS
    defaults = {name: setting.default for name, setting in RULES.all_settings.items()}
    assert aftermath_of(RULES, defaults) == armies.AFTERMATH


def test_that_missiles_take_no_part() -> None:
    counts = TABLE.counts({"interplanetary_missile": 3, "interceptor_missile": 2, "ion_cannon": 1})
    participant = participant_of(RULES, counts, {"weapons": 3, "armour": 2, "laser": 9})
    assert participant.levels == (3, 0, 2)
    assert TABLE.by_name(participant.counts) == {"ion_cannon": 1}
