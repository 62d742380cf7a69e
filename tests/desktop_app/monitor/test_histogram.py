"""desktop_app.monitor.histogram"""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Histogram

from desktop_app.monitor.histogram import RecentHistogram, quantile


def new_histogram() -> Histogram:
    return Histogram("lag_seconds", "Lag", registry=CollectorRegistry(), buckets=(0.1, 0.2, 1))


def test_that_nothing_is_known_without_observations() -> None:
    assert RecentHistogram(new_histogram(), 60.0).quantile(0.0, 0.95) is None


def test_that_only_the_latest_observations_count() -> None:
    histogram = new_histogram()
    recent = RecentHistogram(histogram, 60.0)
    recent.quantile(0.0, 0.95)
    histogram.observe(0.9)
    slow = recent.quantile(10.0, 0.95)
    assert slow is not None
    assert slow > 0.2
    for at in range(20, 100, 10):
        histogram.observe(0.05)
        recent.quantile(float(at), 0.95)
    quick = recent.quantile(100.0, 0.95)
    assert quick is not None
    assert quick <= 0.1


def test_that_observations_are_taken_to_be_spread_within_a_bucket() -> None:
    assert quantile({0.1: 0, 0.2: 10, float("inf"): 10}, 0.5) == pytest.approx(0.15)


def test_that_the_last_bucket_has_no_upper_end() -> None:
    assert quantile({0.1: 0, 0.2: 1, float("inf"): 10}, 0.95) == 0.2
