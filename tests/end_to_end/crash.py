"""Kills the program again and again while players order, and looks whether it kept its word.

Each player writes down what he was answered: accepted, refused, or nothing (the connection broke,
or the answer said that the commit is pending). After each kill a copy of the file is opened, as it
lies there, and after each restart every player looks at his planet: what was accepted must be there
exactly once, what was refused not at all, what was not answered once or not at all.

Every other player sends keys. He repeats what was not answered, after the restart and with the same
key, until it is: then it must be there once. And he repeats now and then what was answered, which
must get him the same answer and do nothing.

Some are captains (tests/end_to_end/crash_captain.py): they have ships, and fly, fight and trade.

The program keeps a log of the commands that it carried out. What lies in the file is held against a
replay of the log, bit for bit (tests/replay.py), and the log against what the players were told.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from core.commands import (
    Command,
    Once,
)
from core.components import REPORT
from core.persistence.worlds import LoadedWorld
from tests.databases import chosen_url, execute_in
from tests.end_to_end.crash_captain import CAPTAINS, Captain, prepare
from tests.end_to_end.crash_player import Answer, Disconnected, Player
from tests.end_to_end.crashed_world import (
    Counters,
    keys_by_account,
    planets_by_owner,
    what_is_left,
)
from tests.end_to_end.program import Program, wait_for_url
from tests.end_to_end.warm_start import HostingProcess, WarmStart
from tests.replay import BrokenPromise, Verifier

# A world in which an order takes a second, stores fill up within a minute and nothing is too dear.
ENVIRONMENT = {
    "COMMAND_LOG": "true",
    "RATE_LIMIT_PER_MINUTE": "1000000",
    "STARTER_METAL": "9000",
    "STARTER_CRYSTAL": "9000",
    "STARTER_DEUTERIUM": "9000",
    "BASIC_INCOME_METAL": "6000",
    "BASIC_INCOME_CRYSTAL": "5000",
    "BASIC_INCOME_DEUTERIUM": "4000",
}
# Another speed is a command, the first of a start, and revalues every planet.
SPEEDS = ("1000", "800")
FIRST_PLAYERS = 16
NEWCOMERS_PER_ROUND = 1
PLAYERS_MAX = 40
ORDERS_PER_ROUND = 30
# After these orders the kill comes at any moment within this time.
EXTRA_S_MAX = 0.5
ROUND_S_MAX = 15.0
PATIENCE_S = 30.0
WORDS_MAX = 100
# More than are founded in a round: to give their ids out again makes the counter fall.
ABANDONED_PLANETS = 10


class Moment(Enum):
    """When the program is killed."""

    RUNNING = "while everybody orders"
    STOPPING = "in its final save"
    STARTING = "while it starts"


# Of ten kills six are in full swing, two in the final save and two at the start.
MOMENTS = (
    Moment.RUNNING,
    Moment.STOPPING,
    Moment.RUNNING,
    Moment.STARTING,
    Moment.RUNNING,
)


@dataclass(slots=True)
class Report:
    """What a series of kills came to."""

    kills: Counter[Moment] = field(default_factory=Counter)
    told: Counter[Answer] = field(default_factory=Counter)
    repeated: Counter[Answer] = field(default_factory=Counter)
    players: int = 0
    log_length: int = 0
    # What of captains was accepted, by its name.
    captains: Counter[str] = field(default_factory=Counter)
    battles: int = 0

    def __str__(self) -> str:
        told = ", ".join(
            f"{self.told[answer]} {answer.value} ({self.repeated[answer]} repeated)"
            for answer in Answer
        )
        kills = ", ".join(f"{count} {moment.value}" for moment, count in self.kills.items())
        return (
            f"{self.kills.total()} kills ({kills}); {self.players} players; orders: {told};"
            f" {self.log_length} commands in the log; of captains"
            f" {', '.join(f'{count} {name}' for name, count in self.captains.items())};"
            f" {self.battles} reports of battles and probes"
        )


class Driver:
    """Starts the program, lets everybody play, kills it and checks; again and again."""

    def __init__(
        self,
        data_dir: Path,
        seed: int,
        program: WarmStart,
    ) -> None:
        self.dice = random.Random(seed)
        self._seed = seed
        self.players: list[Player] = [self._captain(*each) for each in enumerate(CAPTAINS, start=1)]
        self.players += [self._newcomer(number) for number in range(FIRST_PLAYERS)]
        self.report = Report()
        self._data_dir = data_dir
        self._program = program
        self._counters = Counters()
        self._start_s = 1.0
        self._verifier: Verifier | None = None
        self._doing = "nothing yet"

    def run(self, kills: int) -> Report:
        """Kill the program so often, then start it once more. Raise BrokenPromise."""
        try:
            prepare(self._data_dir)
            self._verifier = Verifier(what_is_left(self._data_dir).world)
            for number in range(kills):
                self._doing = f"kill {number + 1}: {MOMENTS[number % len(MOMENTS)].value}"
                self._round(MOMENTS[number % len(MOMENTS)])
            self._doing = "after the last kill"
            with self._hosting() as program:
                asyncio.run(self._visit(program.url))
                if (exit_code := program.stop()) != 0:
                    raise BrokenPromise(f"the program ended with {exit_code}")
            self._check_file()
            self._check_from_the_beginning()
        except BaseException as error:
            error.add_note(self.account())
            raise
        self._sum_up()
        return self.report

    def _round(self, moment: Moment) -> None:
        if moment is Moment.STARTING:
            self._kill_at_start()
        else:
            with self._hosting() as program:
                asyncio.run(self._play(program, moment))
        self.report.kills[moment] += 1
        self._check_file()
        if len(self.players) < PLAYERS_MAX:
            self.players += [self._newcomer(len(self.players)) for _ in range(NEWCOMERS_PER_ROUND)]
        if self.dice.random() < 0.3:
            self._abandon_planets()

    @contextmanager
    def _hosting(self) -> Iterator[Program]:
        begun_at = time.monotonic()
        with self._starting() as process:
            url = wait_for_url(process)
            self._start_s = time.monotonic() - begun_at
            yield Program(process, url)

    def _starting(self) -> AbstractContextManager[HostingProcess]:
        speed = self.dice.choice(SPEEDS)
        url = chosen_url(self._data_dir)
        env = ENVIRONMENT if url is None else {**ENVIRONMENT, "DATABASE_URL": url}
        return self._program.starting(self._data_dir, "--speed", speed, env=env)

    def _kill_at_start(self) -> None:
        with self._starting() as process:
            time.sleep(self.dice.uniform(0, self._start_s))
            process.kill()

    async def _play(self, program: Program, moment: Moment) -> None:
        # The last to come may be killed while they register; the others play by then.
        settled = self.players[: len(self.players) - NEWCOMERS_PER_ROUND]
        async with self._connected(program.url):
            await self._look_at_all()
            await asyncio.gather(*(_patiently(player.come_in) for player in settled))
            async with _playing(self.players) as playing:
                await self._wait_for_orders(playing)
                extra_s = self.dice.uniform(0, EXTRA_S_MAX)
                self._doing += f", {extra_s:.3f} s after enough orders"
                await asyncio.sleep(extra_s)
                if moment is Moment.STOPPING:
                    program.process.send_signal(signal.SIGTERM)
                    await asyncio.sleep(self.dice.uniform(0, 0.1))
                program.kill()
                await asyncio.gather(*playing)

    async def _visit(self, url: str) -> None:
        async with self._connected(url):
            await self._look_at_all()

    async def _wait_for_orders(self, playing: Sequence[asyncio.Task[None]]) -> None:
        """Wait until so many orders were accepted that a kill has something to break."""
        enough = self._accepted() + ORDERS_PER_ROUND
        give_up_at = time.monotonic() + ROUND_S_MAX
        while self._accepted() < enough and time.monotonic() < give_up_at:
            if all(task.done() for task in playing):
                return
            await asyncio.sleep(0.01)

    def _accepted(self) -> int:
        return sum(player.told[Answer.ACCEPTED] for player in self.players)

    @asynccontextmanager
    async def _connected(self, url: str) -> AsyncIterator[None]:
        for player in self.players:
            player.connect(url)
        try:
            yield
        finally:
            await asyncio.gather(*(player.disconnect() for player in self.players))

    async def _look_at_all(self) -> None:
        known = (player for player in self.players if player.token is not None)
        await asyncio.gather(*(_patiently(player.look) for player in known))

    def _sum_up(self) -> None:
        self.report.players = sum(player.is_registered is True for player in self.players)
        self.report.told = sum((player.told for player in self.players), Counter())
        self.report.repeated = sum((player.repeated for player in self.players), Counter())
        self.report.captains = sum(
            (player.accepted_kinds() for player in self.players if isinstance(player, Captain)),
            Counter(),
        )
        self.report.log_length = 0 if self._verifier is None else len(self._verifier.log)

    def account(self) -> str:
        """Return all that is known of how it went so far."""
        stderr = self._data_dir.with_name("stderr.txt")
        words = stderr.read_text(errors="replace").splitlines() if stderr.exists() else []
        self._sum_up()
        return "\n".join(
            (
                f"seed {self._seed}, {self._doing}; {self.report}",
                *(player.account() for player in self.players),
                f"the program's last words of {len(words)} lines:",
                *words[-WORDS_MAX:],
            )
        )

    def _check_file(self) -> None:
        left = what_is_left(self._data_dir)
        self._counters.check(left)
        loaded = left.world
        planets, keys = planets_by_owner(loaded), keys_by_account(loaded)
        for player in self.players:
            player.check_file(planets, keys)
        verifier = self._known_verifier
        verifier.check(loaded, _until(loaded))
        assert loaded.clock is not None
        self.report.battles = loaded.clock.next_ids[REPORT.name] - 1
        log = [plain(entry.command) for entry in verifier.log]
        for player in self.players:
            player.check_log(log)

    def _check_from_the_beginning(self) -> None:
        loaded = what_is_left(self._data_dir).world
        self._known_verifier.check_from_the_beginning(loaded, _until(loaded))

    @property
    def _known_verifier(self) -> Verifier:
        assert self._verifier is not None, "nobody has seen the beginning of the world"
        return self._verifier

    def _abandon_planets(self) -> None:
        """Use up ids as planets do that are founded, saved and abandoned."""
        used_up = f"next_planet_id = next_planet_id + {ABANDONED_PLANETS}"
        execute_in(self._data_dir, f"UPDATE world_clock SET {used_up}")
        self._counters.check(what_is_left(self._data_dir))
        self._known_verifier.use_up_planet_ids(ABANDONED_PLANETS)

    def _captain(self, player_id: int, name: str) -> Captain:
        dice = random.Random(self.dice.random())
        return Captain(name, dice, id=player_id, is_registered=True)

    def _newcomer(self, number: int) -> Player:
        dice = random.Random(self.dice.random())
        return Player(f"player{number}", dice, sends_keys=number % 2 == 1)


@asynccontextmanager
async def _playing(players: Sequence[Player]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Have everybody play until the end of the block, and nobody after it."""
    tasks = [asyncio.create_task(player.play()) for player in players]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _patiently(act: Callable[[], Awaitable[None]]) -> None:
    """Do what nobody is killed in; who is not answered tries again, as he does after a kill."""
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            await act()
        except Disconnected as error:
            if time.monotonic() >= give_up_at:
                raise BrokenPromise(f"the program runs and does not answer: {error}") from error
            await asyncio.sleep(0.05)
        else:
            return


def plain(command: Command) -> Command:
    """Return what is to be done, with or without a key."""
    return command.command if isinstance(command, Once) else command


def _until(loaded: LoadedWorld) -> float:
    """Return an instant that no command comes before that is carried out later."""
    assert loaded.clock is not None
    return max(time.time(), loaded.clock.world_time)
