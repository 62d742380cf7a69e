"""Passwords are hashed off every loop, a bounded number at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import argon2
import pytest

from core.api import passwords
from core.api.passwords import Passwords
from core.api.problems import Problem
from tests.api.hosting import until


@asynccontextmanager
async def pool(workers: int = 1) -> AsyncIterator[Passwords]:
    made = Passwords(workers)
    try:
        yield made
    finally:
        made.close()


class Gate:
    """Work that is held up until a test lets it go."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.at_work = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def work(self, *_: object) -> bool:
        with self._lock:
            self.at_work += 1
            self.most_at_once = max(self.most_at_once, self.at_work)
        self.opened.wait(20)
        with self._lock:
            self.at_work -= 1
        return True


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(passwords, "_matches", gate.work)
    return gate


def test_that_hashing_costs_what_it_must(passwords_at_full_cost: argon2.PasswordHasher) -> None:
    parameters = argon2.extract_parameters(passwords_at_full_cost.hash("correct horse"))
    assert parameters.type is argon2.Type.ID
    # OWASP's least: 19 MiB, two passes.
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2
    of_nobody = argon2.extract_parameters(passwords._NOBODY)
    assert of_nobody == argon2.extract_parameters(passwords._HASHER.hash("x"))


async def test_that_a_password_matches_its_own_hash_and_no_other() -> None:
    async with pool() as made:
        hashed = await made.hash("correct horse")
        assert hashed.startswith("$argon2id$")
        assert await made.matches("correct horse", hashed)
        assert not await made.matches("battery staple", hashed)
        assert not await made.matches("correct horse", None)
        assert not await made.matches("correct horse", "nonsense")


async def test_that_a_password_may_hold_any_character() -> None:
    async with pool() as made:
        for password in ("null\0null", "пароль ‮🙂", "a" * 60_000):
            assert await made.matches(password, await made.hash(password))


async def test_that_the_loop_goes_on_while_hashing(gate: Gate) -> None:
    async with pool() as made:
        waiting = asyncio.create_task(made.matches("x", "y"))
        await until(lambda: gate.at_work == 1)  # the loop runs: it comes to look
        assert not waiting.done()
        gate.opened.set()
        assert await waiting


async def test_that_no_more_are_hashed_at_once_than_there_are_workers(gate: Gate) -> None:
    async with pool(workers=2) as made:
        waiting = [asyncio.create_task(made.matches("x", "y")) for _ in range(10)]
        await until(lambda: gate.at_work == 2)
        gate.opened.set()
        await asyncio.gather(*waiting)
        assert gate.most_at_once == 2


async def test_that_who_comes_when_too_many_wait_is_refused(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "WAITING_MAX", 3)
    async with pool() as made:
        waiting = [asyncio.create_task(made.matches("x", "y")) for _ in range(3)]
        await until(lambda: gate.at_work == 1)
        with pytest.raises(Problem) as refusal:
            await made.matches("x", "y")
        assert (refusal.value.status, refusal.value.code) == (503, "busy")
        assert "retry-after" in refusal.value.response().headers
        gate.opened.set()
        await asyncio.gather(*waiting)
        assert await made.matches("x", "y")


async def test_that_askers_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def note(password: str, _hash: str) -> bool:
        order.append(password)
        return True

    monkeypatch.setattr(passwords, "_matches", note)
    async with pool() as made:
        await asyncio.gather(
            *(made.matches(f"a{number}", "y", "a") for number in range(4)),
            *(made.matches(f"b{number}", "y", "b") for number in range(2)),
            made.matches("c", "y", "c"),
        )
    assert order == ["a0", "a1", "b0", "c", "a2", "b1", "a3"]


async def test_that_who_has_the_most_waiting_makes_room_for_others(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "WAITING_MAX", 4)
    async with pool() as made:
        many = [asyncio.create_task(made.matches("x", "y", "a")) for _ in range(4)]
        await until(lambda: gate.at_work == 1)
        other = asyncio.create_task(made.matches("x", "y", "b"))
        await asyncio.wait(many[-1:])
        assert isinstance(problem := many.pop().exception(), Problem)
        assert (problem.status, problem.code) == (503, "busy")
        for asker in ("a", "b"):
            with pytest.raises(Problem):
                await made.matches("x", "y", asker)
        gate.opened.set()
        assert all(await asyncio.gather(*many, other))


async def test_that_who_gives_up_waiting_takes_nobodys_turn(gate: Gate) -> None:
    async with pool() as made:
        waiting = [asyncio.create_task(made.matches("x", "y", number)) for number in range(5)]
        await until(lambda: gate.at_work == 1)
        waiting[1].cancel()
        await asyncio.sleep(0)
        # A turn has come for this one, but he does not know yet.
        made._at_work += 1
        made._pass_on()
        waiting[2].cancel()
        await asyncio.wait(waiting[1:3])
        gate.opened.set()
        assert await asyncio.gather(waiting[0], *waiting[3:]) == [True] * 3
        assert await made.matches("x", "y")
        assert made._at_work == 0


async def test_that_who_still_waits_at_the_stop_is_told_at_once(gate: Gate) -> None:
    async with pool() as made:
        begun = asyncio.create_task(made.matches("x", "y"))
        await until(lambda: gate.at_work == 1)
        waiting = [asyncio.create_task(made.matches("x", "y")) for _ in range(5)]
        await asyncio.sleep(0)
        made.begin_to_stop()
        gate.opened.set()
        assert await begun
        for problem in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(problem, Problem)
            assert (problem.status, problem.code) == (503, "stopping")
        with pytest.raises(Problem) as refusal:
            await made.hash("x")
        assert refusal.value.code == "stopping"
        assert gate.most_at_once == 1


async def test_that_an_unknown_name_costs_as_much_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []

    def note(password: str, password_hash: str) -> bool:
        compared.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return False

    async with pool() as made:
        hashed = await made.hash("correct horse")
        monkeypatch.setattr(passwords, "_matches", note)
        await made.matches("x", hashed)
        await made.matches("x", None)
    # The same algorithm with the same costs.
    assert compared[0] == compared[1]
    assert "argon2id" in compared[0]
