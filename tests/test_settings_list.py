"""SETTINGS.md lists every setting, as the code has it."""

from __future__ import annotations

from pathlib import Path

from core.config import NOT_IN_ENVIRONMENT, Settings, permitted, world_setting_names
from core.rules import RULES

LIST = Path(__file__).resolve().parents[1] / "SETTINGS.md"


def shown(value: object) -> str:
    """Return a default as the list shows it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def listed(title: str) -> list[str]:
    """Return the rows of the table below a title."""
    text = LIST.read_text(encoding="utf-8")
    begin = text.index("|---|", text.index(f"\n## {title}\n"))
    return text[begin : text.index("\n\n", begin)].splitlines()[1:]


def row(name: str, default: object) -> str:
    field = Settings.model_fields[name]
    return f"| `{name}` | {shown(default)} | {permitted(field)} | {field.description} |"


def test_that_every_setting_of_the_program_is_listed() -> None:
    fields = Settings.model_fields
    own = [name for name in fields if name not in world_setting_names()]
    assert listed("Of the program") == [row(name, fields[name].default) for name in own]


def test_that_every_setting_of_a_world_is_listed() -> None:
    expected = [row(name, RULES.settings[name].default) for name in world_setting_names()]
    assert listed("Of a world") == expected


def test_that_what_the_environment_does_not_give_is_named() -> None:
    but_for = " and ".join(f"`{name}`" for name in sorted(NOT_IN_ENVIRONMENT))
    assert f"All but {but_for}" in LIST.read_text(encoding="utf-8")
