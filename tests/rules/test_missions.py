"""The missions, against the rules of the genre."""

from __future__ import annotations

from core.rules import RULES


def test_that_there_are_the_missions_of_the_rules_with_their_speeds() -> None:
    assert {name: mission.speed for name, mission in RULES.missions.items()} == {
        **dict.fromkeys(("attack", "espionage", "harvest", "missiles"), "war"),
        **dict.fromkeys(("transport", "deploy", "colonize", "expedition"), "peaceful"),
        "hold": "holding",
    }
    assert {mission.speed_setting for mission in RULES.missions.values()} <= RULES.settings.keys()


def test_that_some_missions_stay_and_one_goes_into_deep_space() -> None:
    assert RULES.missions["hold"].hours == (1, 32)
    assert {name for name, mission in RULES.missions.items() if mission.hours} == {
        *("hold", "expedition")
    }
    assert RULES.missions["expedition"].position == len(RULES.slots) + 1
    assert RULES.missions["harvest"].targets == ("debris",)
    assert RULES.missions["colonize"].targets == ("planet",)


def test_that_attacks_are_seen_coming_and_probes_are_not() -> None:
    announced = {name for name, mission in RULES.missions.items() if mission.announced}
    assert announced == {"attack", "missiles"}
