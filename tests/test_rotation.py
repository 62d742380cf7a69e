"""Which backups are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.backup_shelf import BackupReason, Manifest
from core.rotation import RetentionPolicy, to_delete
from tests.backups import NOON, manifest

POLICY = RetentionPolicy(hourly=24, daily=7, weekly=4, manual=20)
NONE = RetentionPolicy(0, 0, 0, 0)

ages = st.integers(0, 120 * 86_400).map(lambda seconds: NOON - timedelta(seconds=seconds))
shelves = st.lists(
    st.builds(
        manifest,
        ages,
        st.sampled_from(BackupReason),
        st.sampled_from([None, True, False]),
    ),
    unique_by=lambda m: m.name,
    max_size=60,
)
policies = st.builds(
    RetentionPolicy, st.integers(0, 30), st.integers(0, 9), st.integers(0, 6), st.integers(0, 5)
)


def kept(manifests: Sequence[Manifest], policy: RetentionPolicy) -> list[Manifest]:
    gone = to_delete(manifests, NOON, policy)
    return [m for m in manifests if m not in gone]


def scheduled(*hours_ago: float) -> list[Manifest]:
    return [manifest(NOON - timedelta(hours=hours)) for hours in hours_ago]


@given(shelves, policies)
def test_that_the_newest_and_the_newest_verified_are_never_deleted(
    manifests: list[Manifest], policy: RetentionPolicy
) -> None:
    gone = {m.name for m in to_delete(manifests, NOON, policy)}
    for some in (manifests, [m for m in manifests if m.verified]):
        latest = max((m.made_at for m in some), default=None)
        of_the_latest = {m.name for m in some if m.made_at == latest}
        assert not of_the_latest or of_the_latest - gone


@given(shelves, policies)
def test_that_the_newest_sound_one_of_each_of_the_latest_periods_is_kept(
    manifests: list[Manifest], policy: RetentionPolicy
) -> None:
    left = kept(manifests, policy)
    periods: tuple[tuple[int, Callable[[datetime], datetime]], ...] = (
        (policy.hourly, lambda at: at.replace(minute=0, second=0, microsecond=0)),
        (policy.daily, lambda at: at.replace(hour=0, minute=0, second=0, microsecond=0)),
        (
            policy.weekly,
            lambda at: (
                at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=at.weekday())
            ),
        ),
    )
    for count, period_of in periods:
        sound: dict[datetime, datetime] = {}
        for m in manifests:
            if m.reason is BackupReason.SCHEDULED and m.verified is not False:
                period = period_of(m.made_at)
                sound[period] = max(m.made_at, sound.get(period, m.made_at))
        every = sorted({period_of(m.made_at) for m in manifests if is_scheduled(m)})[-count:]
        for period in every if count else ():
            if period in sound:
                assert sound[period] in {m.made_at for m in left}


def is_scheduled(m: Manifest) -> bool:
    return m.reason is BackupReason.SCHEDULED


@given(shelves, policies)
def test_that_what_is_kept_once_is_kept_the_next_time(
    manifests: list[Manifest], policy: RetentionPolicy
) -> None:
    left = kept(manifests, policy)
    assert to_delete(left, NOON, policy) == ()


@given(shelves, policies)
def test_that_there_is_a_limit_to_what_is_kept(
    manifests: list[Manifest], policy: RetentionPolicy
) -> None:
    most = policy.hourly + policy.daily + policy.weekly + 3 * policy.manual + 2
    assert len(kept(manifests, policy)) <= most


def test_that_of_two_in_an_hour_the_later_one_stays() -> None:
    early, late = scheduled(0.9, 0.5)
    newest = manifest(NOON)
    assert to_delete([early, late, newest], NOON, POLICY) == (early,)


def test_that_a_damaged_one_does_not_take_the_place_of_a_sound_one() -> None:
    sound = manifest(NOON - timedelta(minutes=50))
    damaged = manifest(NOON - timedelta(minutes=40), verified=False)
    newest = manifest(NOON)
    assert to_delete([sound, damaged, newest], NOON, POLICY) == (damaged,)


def test_that_a_world_that_was_off_for_a_year_keeps_what_it_has() -> None:
    old = scheduled(*(365 * 24 + hour for hour in range(24)))
    assert to_delete(old, NOON, POLICY) == ()


def test_that_backups_by_hand_have_a_number_of_their_own() -> None:
    by_hand = [manifest(NOON - timedelta(hours=h), BackupReason.MANUAL) for h in range(25)]
    before = [manifest(NOON - timedelta(hours=h), BackupReason.BEFORE_RESTORE) for h in range(3)]
    gone = to_delete([*by_hand, *before], NOON, POLICY)
    assert {m.name for m in gone} == {m.name for m in by_hand[20:]}


def test_that_a_clock_that_went_wrong_costs_no_backup() -> None:
    future = [manifest(NOON + timedelta(days=3000, hours=h)) for h in range(30)]
    past = scheduled(1, 2, 3)
    assert to_delete([*future, *past], NOON, POLICY) == ()


def test_that_keeping_nothing_keeps_the_newest_that_is_verified() -> None:
    verified, later = manifest(NOON - timedelta(hours=2)), manifest(NOON, verified=None)
    older = manifest(NOON - timedelta(hours=3))
    assert to_delete([older, verified, later], NOON, NONE) == (older,)
