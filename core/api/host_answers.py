"""What the host is told: the wire formats of the routes under /admin."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.api.answers import Answer, Time, iso_time
from core.shadow import Unsaved
from core.throttle_trace import Replay


class SaveMade(Answer):
    """What a save came to: everything changed before it is on the disk."""

    aggregates: int
    rows: int
    batches: int
    durable_until: Time
    set_aside: Annotated[int, Field(description="changes that the database refuses")]


class UnsavedItemAnswer(Answer):
    """Something that is not on the disk; `owner` is null where nobody owns it.

    It is to write unless it is `at_risk` or `set_aside`, and never both.
    """

    kind: str
    id: int
    name: str
    owner: int | None
    owner_name: str
    at_risk: bool
    set_aside: bool
    age_seconds: float
    cause: str
    why: str


class UnsavedAnswer(Answer):
    """`at_risk` would be lost if the power failed now; `to_write` a restart works out again.

    `set_aside` the database refuses: it would be lost, too, and waits for the host.
    """

    at: Time
    at_risk: int
    to_write: int
    set_aside: int
    players_at_risk: int
    oldest_at_risk_seconds: float
    oldest_to_write_seconds: float
    items: list[UnsavedItemAnswer]


class ThrottlePoint(Answer):
    """What saving with a pair of intervals would have come to."""

    save_interval_seconds: float
    persist_interval_seconds: float
    rows_written: int
    urgent_rows: int
    waiting_rows: int
    window_seconds: Annotated[float, Field(description="the longest that a change waited")]
    mean_wait_seconds: float


class ThrottleTraceAnswer(Answer):
    covers_seconds: float
    changes: int
    points: list[ThrottlePoint]


def unsaved_answer(unsaved: Unsaved) -> UnsavedAnswer:
    return UnsavedAnswer(
        at=iso_time(unsaved.at),
        at_risk=unsaved.at_risk,
        to_write=unsaved.to_write,
        set_aside=unsaved.set_aside,
        players_at_risk=unsaved.players_at_risk,
        oldest_at_risk_seconds=unsaved.oldest_at_risk_s,
        oldest_to_write_seconds=unsaved.oldest_to_write_s,
        items=[
            UnsavedItemAnswer(
                kind=item.kind,
                id=item.entity_id,
                name=item.name,
                owner=item.owner_id or None,
                owner_name=item.owner_name,
                at_risk=item.at_risk,
                set_aside=item.set_aside,
                age_seconds=item.age_s,
                cause=item.cause,
                why=item.why,
            )
            for item in unsaved.items
        ],
    )


def throttle_point(made: Replay) -> ThrottlePoint:
    return ThrottlePoint(
        save_interval_seconds=made.save_interval_s,
        persist_interval_seconds=made.persist_interval_s,
        rows_written=made.rows_written,
        urgent_rows=made.urgent_rows,
        waiting_rows=made.waiting_rows,
        window_seconds=made.window_s,
        mean_wait_seconds=made.mean_wait_s,
    )
