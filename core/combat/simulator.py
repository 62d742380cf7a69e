"""What would come of a battle: the same order fought with many seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.combat.fight import fight
from core.combat.order import BattleOrder, Counts
from core.combat.report import BattleReport, Outcome
from core.rules.aftermath import loot

RUNS_MAX = 100

Means = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """What there is to be had: the stocks, the share of them, and the cargo space of each type.

    `cargo` is by participant and type of the attackers, of which their technology makes
    `room_percent` per cent.
    """

    stock: tuple[int, int, int]
    share_percent: float
    cargo: tuple[Counts, ...]
    room_percent: int = 100


@dataclass(frozen=True, slots=True)
class Forecast:
    """How often each outcome came, and means over all runs, by participant and type."""

    runs: int
    attackers_won: int
    defenders_won: int
    draws: int
    rounds: float
    attackers_losses: tuple[Means, ...]
    defenders_losses: tuple[Means, ...]
    defenders_restored: tuple[Means, ...]
    debris: Means
    moon_chance_percent: float
    loot: Means


def forecast(order: BattleOrder, runs: int, target: Target | None = None) -> Forecast:
    """Fight with the seeds order.seed, order.seed + 1, ...: see forecast_of."""
    return forecast_of(order, range(order.seed, order.seed + runs), target)


def forecast_of(
    order: BattleOrder,
    seeds: Sequence[int],
    target: Target | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Forecast:
    """Fight with each of at most RUNS_MAX seeds, or with as many as there are when it `is_over`.

    One battle is fought at least. A draw and a defeat count as no loot. Raise ValueError for
    another number of seeds.
    """
    if not 1 <= len(seeds) <= RUNS_MAX:
        raise ValueError(f"a forecast takes 1 to {RUNS_MAX} runs, not {len(seeds)}")
    reports: list[BattleReport] = []
    for seed in seeds:
        reports.append(fight(dataclasses.replace(order, seed=seed)))
        if is_over():
            break
    runs = len(reports)
    outcomes = [report.outcome for report in reports]
    return Forecast(
        runs=runs,
        attackers_won=outcomes.count(Outcome.ATTACKERS),
        defenders_won=outcomes.count(Outcome.DEFENDERS),
        draws=outcomes.count(Outcome.DRAW),
        rounds=sum(len(report.rounds) for report in reports) / runs,
        attackers_losses=_mean_tables([report.attackers.losses for report in reports]),
        defenders_losses=_mean_tables([report.defenders.losses for report in reports]),
        defenders_restored=_mean_tables([report.defenders.restored for report in reports]),
        debris=_means([report.debris for report in reports]),
        moon_chance_percent=sum(report.moon_chance_percent for report in reports) / runs,
        loot=_means([_loot(report, target) for report in reports]),
    )


def _loot(report: BattleReport, target: Target | None) -> tuple[int, ...]:
    if target is None or report.outcome is not Outcome.ATTACKERS:
        return 0, 0, 0
    space = sum(
        number * each
        for survivors, cargo in zip(report.attackers.survivors, target.cargo, strict=True)
        for number, each in zip(survivors, cargo, strict=True)
    )
    return loot(target.stock, target.share_percent, space * target.room_percent // 100)


def _means(rows: Sequence[Sequence[int]]) -> Means:
    return tuple(sum(column) / len(rows) for column in zip(*rows, strict=True))


def _mean_tables(tables: Sequence[Sequence[Sequence[int]]]) -> tuple[Means, ...]:
    return tuple(_means(rows) for rows in zip(*tables, strict=True))
