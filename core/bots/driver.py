"""Whose turn it is, and a bounded part of every tick for the turns that are due.

When somebody's turns are follows from the clock, the world's seed and how many play: nothing of it
is stored, and a turn that fell into a time when the world was off is simply not taken. What chance
there is in a turn comes from the seed, the player and the number of the turn, so the same world at
the same turn decides the same.
"""

from __future__ import annotations

import heapq
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from core.bots.decisions import decide
from core.bots.fleet_sight import Looker
from core.bots.sight import look
from core.bots.strength import Bot, Strength
from core.commands import Accepted, Command, NotePresence, Rejected
from core.game import GameWorld, WorldHeldError

log = logging.getLogger(__name__)

# What the turns of one tick may take; the last of them may exceed it by what it takes itself.
SECONDS_PER_TICK = 0.002
# Everybody has a turn as often as this, unless so many play that there would be too many a second.
TURN_EVERY_S = 60.0
TURNS_PER_SECOND_MOST = 17.0


def turn_interval_s(bots: int) -> float:
    """Return the seconds between two turns of a player when so many play."""
    return max(TURN_EVERY_S, bots / TURNS_PER_SECOND_MOST)


@dataclass(frozen=True, slots=True)
class BotFigures:
    """How many play at which strength, and what they did since the world was started."""

    players: Mapping[Strength, int] = field(default_factory=dict)
    paused: bool = False
    turns: int = 0
    orders: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        return sum(self.players.values())


class BotDriver:
    """Has computer players take their turns. The simulation thread's, but for a marked part."""

    def __init__(
        self, game: GameWorld, bots: Sequence[Bot], monotonic: Callable[[], float]
    ) -> None:
        self.turns = 0
        self.orders = 0
        self.refused = 0
        self.paused = False
        self._game = game
        self._monotonic = monotonic
        self._bots: Mapping[int, Bot] = {bot.player_id: bot for bot in bots}
        self._players = _counted(bots)
        # What changes of who plays at the next tick, in the order in which it was told.
        self._told: deque[_Change] = deque()
        self._failed: set[int] = set()
        self._interval_s = turn_interval_s(len(bots))
        # When in an interval each of them has his turn: it costs as much as a look to draw it.
        self._fractions: dict[int, float] = {}
        # (when, whose), soonest first.
        self._due: list[tuple[float, int]] = []
        # Nobody had a turn at the last tick, for they were paused.
        self._waits = False

    # Any thread --------------------------------------------------------------------------------

    def admit(self, bots: Iterable[Bot]) -> None:
        """Have these play from the next tick on, beside those that do already."""
        new = {bot.player_id: bot for bot in bots}
        self._told.append(lambda playing: playing.update(new))

    def dismiss(self, player_id: int) -> None:
        """Have somebody take no more turns, if he plays at all."""
        self._told.append(lambda playing: playing.pop(player_id, None))

    def pause(self, *, paused: bool) -> None:
        """Have nobody take a turn, or everybody again; what is missed meanwhile is not taken."""
        self.paused = paused

    @property
    def bots(self) -> Mapping[int, Bot]:
        """Those that play, by their ids: replaced as a whole, never changed."""
        return self._bots

    @property
    def figures(self) -> BotFigures:
        told = tuple(self._told)
        players = _counted(_changed(self._bots, told).values()) if told else self._players
        return BotFigures(players, self.paused, self.turns, self.orders, self.refused)

    # The simulation thread ---------------------------------------------------------------------

    def begin(self, now: float) -> None:
        """Give everybody his first turn after an instant."""
        self._due = [
            (self._next_turn(each, now), each) for each in self._bots if each not in self._failed
        ]
        heapq.heapify(self._due)

    def play(self, now: float) -> None:
        """Take the turns that are due, those due first, until the time of this tick is used up.

        Whoever is not reached has his turn at a later tick; he has one then, however late it is.
        """
        if self._told:
            self._take_in(now)
        if self.paused:
            self._waits = True
            return
        if self._waits:
            self._waits = False
            self.begin(now)
        game = self._game
        start = self._monotonic()
        while self._due and self._due[0][0] <= now:
            if game.held or game.writer.stalled or self._monotonic() - start >= SECONDS_PER_TICK:
                return
            _, player_id = self._due[0]
            try:
                self._take_turn(self._bots[player_id], now)
            except WorldHeldError:
                return
            except Exception:
                name = self._bots[player_id].name
                log.exception("%s failed and has no more turns", name)
                game.note_failed(name)
                self._failed.add(player_id)
                heapq.heappop(self._due)
                continue
            heapq.heapreplace(self._due, (self._next_turn(player_id, now), player_id))

    def _take_in(self, now: float) -> None:
        """Have others play: the more there are, the longer everybody waits for his turn.

        Those that play already have their next turn when they had it, for there may be thousands.
        """
        told = tuple(self._told)
        before, bots = self._bots, _changed(self._bots, told)
        self._bots, self._players = bots, _counted(bots.values())
        # Whoever counts meanwhile makes the same changes twice, which is as good as once.
        for _ in told:
            self._told.popleft()
        self._interval_s = turn_interval_s(len(bots))
        if before.keys() - bots.keys():
            self._due = [(at, each) for at, each in self._due if each in bots]
            heapq.heapify(self._due)
        for player_id in bots.keys() - before.keys():
            self._failed.discard(player_id)
            heapq.heappush(self._due, (self._next_turn(player_id, now), player_id))

    def _take_turn(self, bot: Bot, now: float) -> None:
        game, turn = self._game, self._turn_at(bot.player_id, now)
        random = Random(f"{self._seed}:{bot.player_id}:{turn}")  # noqa: S311
        looker = Looker(bot, turn, self._interval_s, random, self._bots)
        view = look(game.state, looker, now)
        if view is None:
            return
        self.turns += 1
        self._execute(NotePresence(bot.player_id))
        for command in decide(view, bot.strength, random, game.state.rules, game.state.economy):
            self._execute(command)

    def _execute(self, command: Command) -> None:
        outcome = self._game.execute(command).outcome
        self.orders += 1
        if isinstance(outcome, Rejected):
            self.refused += 1
            log.debug("%s was refused: %s", command, outcome.detail)
        elif not isinstance(outcome, Accepted):
            log.debug("%s was not taken: %s", command, outcome.code)

    @property
    def _seed(self) -> int:
        return self._game.state.universe.random_seed

    def _phase_s(self, player_id: int) -> float:
        """Return how long after a multiple of the interval a player's turns are."""
        fraction = self._fractions.get(player_id)
        if fraction is None:
            fraction = Random(f"{self._seed}:{player_id}").random()  # noqa: S311
            self._fractions[player_id] = fraction
        return fraction * self._interval_s

    def _turn_at(self, player_id: int, at: float) -> int:
        """Return the number of the latest turn up to an instant."""
        return int((at - self._phase_s(player_id)) // self._interval_s)

    def _next_turn(self, player_id: int, after: float) -> float:
        turn = self._turn_at(player_id, after) + 1
        return turn * self._interval_s + self._phase_s(player_id)


# Done twice it changes no more than once.
_Change = Callable[[dict[int, Bot]], object]


def _changed(bots: Mapping[int, Bot], changes: Iterable[_Change]) -> dict[int, Bot]:
    playing = dict(bots)
    for change in changes:
        change(playing)
    return playing


def _counted(bots: Iterable[Bot]) -> Mapping[Strength, int]:
    counts = Counter(bot.strength for bot in bots)
    return {strength: counts[strength] for strength in Strength}
