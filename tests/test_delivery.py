"""Listeners: one call per batch and event loop, bounded when slow, harmless when gone."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from core.delivery import Listener
from core.events import Event, SettingsChanged


class Loop:
    """An event loop that runs what was posted when a test says so."""

    def __init__(self) -> None:
        self.posted: list[Callable[[], None]] = []
        self.is_closed = False

    def post(self, callback: Callable[[], None]) -> None:
        if self.is_closed:
            raise RuntimeError("Event loop is closed")
        self.posted.append(callback)

    def run(self) -> None:
        posted, self.posted = self.posted, []
        for callback in posted:
            callback()


def event(number: int) -> Event:
    return SettingsChanged(float(number), ())


def claimed() -> Future[Any]:
    """Return a future whose command has been taken: it cannot be cancelled any more."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_that_a_batch_goes_over_in_one_call(loop: Loop) -> None:
    received: list[Event] = []
    listener = Listener(loop.post, on_event=received.append)
    first, second = claimed(), claimed()
    listener.put_answer(first, "one")
    listener.put_event(event(1))
    listener.put_answer(second, "two")
    listener.put_event(event(2))
    assert not first.done()
    listener.flush()
    assert len(loop.posted) == 1
    assert received == []
    loop.run()
    assert (first.result(timeout=0), second.result(timeout=0)) == ("one", "two")
    assert received == [event(1), event(2)]


def test_that_nothing_is_posted_when_there_is_nothing(loop: Loop) -> None:
    listener = Listener(loop.post)
    listener.flush()
    listener.put_event(event(1))
    listener.flush()
    loop.run()
    listener.flush()
    assert loop.posted == []


def test_that_answers_go_before_events(loop: Loop) -> None:
    order: list[object] = []
    listener = Listener(loop.post, on_event=order.append)
    answer = claimed()
    answer.add_done_callback(lambda done: order.append(done.result()))
    listener.put_event(event(1))
    listener.put_answer(answer, "answer")
    listener.flush()
    loop.run()
    assert order == ["answer", event(1)]


def test_that_a_slow_listener_is_bounded_and_told_to_look_anew(loop: Loop) -> None:
    heard: list[object] = []
    listener = Listener(
        loop.post, on_event=heard.append, on_resync=lambda: heard.append("resync"), limit=3
    )
    for number in range(1000):
        listener.put_event(event(number))
    listener.flush()
    loop.run()
    assert heard.count("resync") == 1
    assert len(heard) <= 4
    heard.clear()
    listener.put_event(event(2000))
    listener.flush()
    loop.run()
    assert heard == [event(2000)]


def test_that_whoever_missed_something_is_told_even_if_nothing_follows(loop: Loop) -> None:
    heard: list[object] = []

    def hear(received: Event) -> None:
        heard.append(received)
        if received == event(1):
            # While the loop is at it the simulation goes on.
            for number in range(10, 20):
                listener.put_event(event(number))

    listener = Listener(loop.post, on_event=hear, on_resync=lambda: heard.append("resync"), limit=2)
    listener.put_event(event(0))
    listener.put_event(event(1))
    listener.flush()
    loop.run()
    listener.flush()
    loop.run()
    assert heard[-1] == "resync" or event(19) in heard
    assert "resync" in heard


def test_that_no_answer_is_dropped_however_slow_the_listener_is(loop: Loop) -> None:
    listener = Listener(loop.post, limit=1)
    answers = [claimed() for _ in range(50)]
    for number, answer in enumerate(answers):
        listener.put_answer(answer, number)
        listener.put_event(event(number))
    listener.flush()
    loop.run()
    assert [answer.result(timeout=0) for answer in answers] == list(range(50))


def test_that_answers_for_a_closed_loop_are_resolved_all_the_same(loop: Loop) -> None:
    listener = Listener(loop.post)
    early, late = claimed(), claimed()
    listener.put_answer(early, "early")
    loop.is_closed = True
    listener.flush()
    assert listener.closed
    listener.put_answer(late, "late")
    listener.put_event(event(1))
    listener.flush()
    # Nobody waits on that loop, but a thread may wait for the future itself.
    assert (early.result(timeout=0), late.result(timeout=0)) == ("early", "late")


def test_that_a_closed_listener_gathers_nothing(loop: Loop) -> None:
    listener = Listener(loop.post, limit=10**9)
    loop.is_closed = True
    listener.put_event(event(0))
    listener.flush()
    answers = [claimed() for _ in range(10)]
    tracemalloc.start()
    try:
        for answer in answers:
            listener.put_answer(answer, "answer")
            for number in range(1000):
                listener.put_event(event(number))
        listener.flush()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert all(answer.done() for answer in answers)
    assert held < 100_000
