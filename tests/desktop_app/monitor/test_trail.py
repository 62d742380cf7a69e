"""desktop_app.monitor.trail"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.metrics import Ring
from desktop_app.monitor.trail import Trail

CAPACITY = 50


def append(ring: Ring, first: int, count: int) -> None:
    for number in range(first, first + count):
        ring.append(float(number), number * 10.0)


@given(st.lists(st.integers(0, 120), max_size=12))
def test_that_a_trail_holds_what_the_ring_holds_however_often_it_follows(bursts: list[int]) -> None:
    ring = Ring(("at", "value"), CAPACITY)
    trail = Trail(ring)
    total = 0
    for burst in bursts:
        append(ring, total, burst)
        total += burst
        trail.follow()
        held, latest = trail.between(-1.0), ring.latest()
        size = len(latest["at"])
        assert held["at"][-size:].tolist() == latest["at"].tolist()
        assert held["value"].tolist() == (held["at"] * 10).tolist()
        assert len(trail) <= CAPACITY


def test_that_a_sample_is_taken_over_once() -> None:
    ring = Ring(("at", "value"), CAPACITY)
    trail = Trail(ring)
    append(ring, 0, 3)
    assert trail.follow() == 3
    assert trail.follow() == 0
    append(ring, 3, 2)
    assert trail.follow() == 2
    assert trail.between(-1.0)["at"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_that_a_stretch_has_the_samples_from_its_first_to_its_last_instant() -> None:
    ring = Ring(("at", "value"), CAPACITY)
    trail = Trail(ring)
    append(ring, 0, 10)
    trail.follow()
    assert trail.between(2.5, 6.0)["at"].tolist() == [3.0, 4.0, 5.0, 6.0]
    assert (trail.first_at, trail.last_at) == (0.0, 9.0)


def test_that_it_tells_from_when_on_it_knows_everything() -> None:
    ring = Ring(("at", "value"), CAPACITY)
    trail = Trail(ring)
    append(ring, 0, CAPACITY - 2)
    trail.follow()
    assert trail.complete_since is None
    append(ring, CAPACITY - 2, 12)
    trail.follow()
    assert trail.complete_since == 10.0
    # One that comes late has never seen the first ones.
    late = Trail(ring)
    late.follow()
    assert late.complete_since == 11.0


def test_that_an_empty_trail_has_no_ends() -> None:
    trail = Trail(Ring(("at",), CAPACITY))
    assert (trail.first_at, trail.last_at, len(trail)) == (None, None, 0)
