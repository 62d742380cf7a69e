"""Bodies: what is taken, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.api.context import ID_MAX
from core.api.schemas import BuildOrder, LoginBody, Registration, StartChoice


@pytest.mark.parametrize("planet", [0, -1, ID_MAX + 1, 1.0, 1.5, "1", True, [], {}])
def test_that_a_planet_is_a_whole_number_in_range(planet: Any) -> None:
    with pytest.raises(ValidationError):
        BuildOrder.model_validate({"building_type": "metal_mine", "planet": planet})


def test_that_what_is_not_known_is_left_out() -> None:
    order = BuildOrder.model_validate({"building_type": "metal_mine", "player_id": 7})
    assert order == BuildOrder(building_type="metal_mine", planet=None)


@pytest.mark.parametrize("name", ["", "   ", "a\0b", "a\nb", "‮abc", "a​b", "\ud800", "x" * 41])
def test_that_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        StartChoice.model_validate({"galaxy": 1, "system": 1, "name": name})


@pytest.mark.parametrize("name", ["New Hope", "Ὀρίων 7", "<b>bold</b>", "'; DROP TABLE", "🪐"])
def test_that_any_name_that_can_be_shown_is_kept_as_it_is(name: str) -> None:
    choice = StartChoice.model_validate({"galaxy": 1, "system": 1, "name": f" {name} "})
    assert choice.name == name


@given(st.text(st.characters(), max_size=50))
def test_that_whatever_name_is_taken_can_be_written(text: str) -> None:
    try:
        choice = StartChoice.model_validate({"galaxy": 1, "system": 1, "name": text})
    except ValidationError:
        return
    assert choice.name is not None
    assert "\0" not in choice.name
    choice.name.encode()


@pytest.mark.parametrize("field", ["username", "email", "password"])
def test_that_half_characters_are_refused(field: str) -> None:
    body = {"username": "mira", "email": "a@b.c", "password": "12345678"}
    with pytest.raises(ValidationError):
        Registration.model_validate(body | {field: "abc\ud800"})


def test_that_a_guess_has_a_limit() -> None:
    with pytest.raises(ValidationError):
        LoginBody.model_validate({"username": "x" * 1_001, "password": "y"})
