"""desktop_app.monitor.wording"""

from __future__ import annotations

import pytest

from desktop_app.monitor.wording import (
    age,
    counted,
    duration,
    grouped,
    percent,
    significant,
    size,
    uptime,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.000_31, "310 µs"),
        (0.000_96, "960 µs"),
        (0.0041, "4.1 ms"),
        (0.088, "88 ms"),
        (0.12, "120 ms"),
        (0.9949, "995 ms"),
        (0.9951, "1.0 s"),
        (9.9, "9.9 s"),
        (41.2, "41 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_that_a_duration_has_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.003, "0.1 s"),
        (0.4, "0.4 s"),
        (41, "41 s"),
        (200, "3 min"),
        (7500, "2 h"),
        (400_000, "5 d"),
    ],
)
def test_that_an_age_has_one_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(7, "0:00:07"), (3_725, "1:02:05"), (274_320, "3 d 04:12")]
)
def test_that_the_uptime_reads_like_a_clock(seconds: float, text: str) -> None:
    assert uptime(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0741, "0.074"), (2.34, "2.3"), (17.2, "17"), (240.3, "240"), (0, "0")]
)
def test_that_figures_have_two_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text


def test_that_numbers_are_grouped_and_nouns_agree() -> None:
    assert grouped(1_204_331) == "1\N{NO-BREAK SPACE}204\N{NO-BREAK SPACE}331"
    assert (counted(1, "change"), counted(14, "change")) == ("1 change", "14 changes")
    assert counted(2, "entity", "entities") == "2 entities"


def test_that_shares_and_sizes_keep_their_unit() -> None:
    assert (percent(0.04), percent(0.003), percent(0)) == ("4 %", "0.3 %", "0 %")
    assert (size(812), size(12_300), size(4.1e6), size(84e9)) == (
        "812 bytes",
        "12 KB",
        "4.1 MB",
        "84 GB",
    )
