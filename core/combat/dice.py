"""Random numbers that are the same bits on every platform and with every version of NumPy.

NumPy promises the raw words of PCG64 and nothing about the distributions made from them, and a
platform's logarithm may differ in the last bit. So everything here is made of raw words and of
+ - * / and square roots alone, which IEEE 754 rounds the same everywhere. Sums of floats are
accumulated in order, never by `sum`, whose order depends on the processor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LN_2 = 0.6931471805599453
SQRT_HALF = 0.7071067811865476
# atanh(s) = s + s^3/3 + ...; with |s| < 0.172 the next term is under 2^-56 of the first.
ATANH_TERMS = tuple(1 / power for power in range(21, 0, -2))

# Up to here single throws are cheaper than one draw.
THROWS_MAX = 24
# Hörmann's rejection works from the last of these means on. Below, a table does, of so many terms
# that more successes than it has are of a probability of 1e-17.
TABLE_TERMS = ((1.0, 20), (10.0, 48))
# A rejection costs a pass over the rest; with few elements, more proposals at once cost nothing.
ATTEMPTS = 4
ATTEMPTS_WORTH_MAX = 512
# ln k! - Stirling's approximation of it, for k = 0..9.
STIRLING_REST = np.array(
    [
        *(0.08106146679532726, 0.04134069595540929, 0.02767792568499834),
        *(0.02079067210376509, 0.01664469118982119, 0.01387612882307075),
        *(0.01189670994589177, 0.01041126526197209, 0.009255462182712733, 0.008330563433362871),
    ]
)
# So many standard deviations are left for the rest: what lies outside has a probability of 1e-19.
SAFE_DEVIATIONS = 9.0
GEOMETRIC_MAX = 512


def logarithm(values: Floats) -> Floats:
    """Return the natural logarithm of positive numbers."""
    mantissa, exponent = np.frexp(values)
    low = mantissa < SQRT_HALF
    mantissa = np.where(low, mantissa * 2, mantissa)
    exponent = exponent - low
    ratio = (mantissa - 1) / (mantissa + 1)
    square = ratio * ratio
    series = np.zeros_like(ratio)
    for term in ATANH_TERMS:
        series *= square
        series += term
    return np.asarray(exponent * LN_2 + 2 * ratio * series)


def sums_of_rows(values: Floats) -> Floats:
    """Return the sum of each row, added from left to right."""
    return np.asarray(np.add.accumulate(values, axis=1)[:, -1])


def sum_by(index: Wholes, values: Wholes, size: int) -> Wholes:
    """Return for each of `size` places the sum of the values that belong to it."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, index, values)
    return sums


@dataclass(frozen=True, slots=True)
class Odds:
    """Weights of outcomes as binary trees, one tree a row: `right[level][row, node]`.

    A tree of binomial draws spreads any number of units over w outcomes in log2(w) steps.
    """

    right: tuple[Floats, ...]

    @classmethod
    def of(cls, weights: Floats) -> Odds:
        """Make trees of weights of shape (rows, outcomes); they need not add up to 1."""
        width = 1 << max(weights.shape[1] - 1, 0).bit_length()
        sums = np.zeros((weights.shape[0], width))
        sums[:, : weights.shape[1]] = weights
        levels = []
        while sums.shape[1] > 1:
            right = sums[:, 1::2]
            sums = sums[:, 0::2] + right
            levels.append(np.divide(right, sums, out=np.zeros_like(right), where=sums > 0))
        return cls(tuple(reversed(levels)))


class Dice:
    """A stream of random numbers; the same seed gives the same numbers."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def uniform(self, size: int) -> Floats:
        """Return numbers strictly between 0 and 1, in steps of 2^-53."""
        words = self._bits.random_raw(size) >> np.uint64(11)
        return (words.astype(np.float64) + 0.5) * 2.0**-53

    def below(self, limits: Wholes) -> Wholes:
        """Return a whole number from 0 to limit - 1 for each limit under 2^40.

        The probabilities of two numbers differ by limit / 2^53 of themselves at most.
        """
        drawn = (self.uniform(len(limits)) * limits).astype(np.int64)
        return np.minimum(drawn, limits - 1)

    def binomial(self, trials: Wholes, chances: Floats) -> Wholes:
        """Return how many of the trials succeed, for each element."""
        successes = np.zeros_like(trials)
        turned = chances > 0.5
        rarer = np.where(turned, 1 - chances, chances)
        possible = (trials > 0) & (rarer > 0)
        few = possible & (trials <= THROWS_MAX)
        places = np.flatnonzero(few)
        successes[places] = self._throws(trials[places], rarer[places])
        places = np.flatnonzero(possible & ~few)
        mean = trials[places] * rarer[places]
        for limit, terms in TABLE_TERMS:
            low = mean < limit
            rare, places, mean = places[low], places[~low], mean[~low]
            successes[rare] = self._from_table(trials[rare], rarer[rare], terms)
        successes[places] = self._by_rejection(trials[places], rarer[places])
        return np.where(turned, trials - successes, successes)

    def scatter(self, counts: Wholes, tree: Wholes, odds: Odds) -> tuple[Wholes, Wholes, Wholes]:
        """Spread each count over the outcomes of its tree.

        Returns (index into counts, outcome, number), only where the number is not 0.
        """
        row = np.flatnonzero(counts)
        node = np.zeros_like(row)
        number = counts[row]
        for right in odds.right:
            to_right = self.binomial(number, right[tree[row], node])
            number = np.concatenate((number - to_right, to_right))
            row = np.concatenate((row, row))
            node = np.concatenate((2 * node, 2 * node + 1))
            kept = np.flatnonzero(number)
            row, node, number = row[kept], node[kept], number[kept]
        return row, node, number

    def failures(self, successes: Wholes, chances: Floats) -> Wholes:
        """Return how many trials fail before so many have succeeded (negative binomial)."""
        failed = np.zeros_like(successes)
        missing = np.where(chances < 1, successes, 0)
        while (missing > GEOMETRIC_MAX).any():
            safe = missing - SAFE_DEVIATIONS * np.sqrt(missing)
            trials = np.where(missing > GEOMETRIC_MAX, np.floor(safe / chances), 0)
            trials = trials.astype(np.int64)
            succeeded = self.binomial(trials, chances)
            while (succeeded > missing).any():
                succeeded = self.binomial(trials, chances)
            failed += trials - succeeded
            missing = missing - succeeded
        row = np.repeat(np.arange(len(missing)), missing)
        runs = logarithm(self.uniform(len(row))) / logarithm(1 - chances[row])
        return failed + sum_by(row, np.floor(runs).astype(np.int64), len(missing))

    def _throws(self, trials: Wholes, chances: Floats) -> Wholes:
        """Throw every trial."""
        if not len(trials):
            return trials
        row = np.repeat(np.arange(len(trials)), trials)
        succeeded = row[self.uniform(len(row)) < chances[row]]
        return np.bincount(succeeded, minlength=len(trials)).astype(np.int64)

    def _from_table(self, trials: Wholes, chances: Floats, size: int) -> Wholes:
        """Look one uniform number up in the first terms of the distribution of each element."""
        successes = np.zeros_like(trials)
        # No success is at least as likely as 1 - mean: most elements need no table.
        drawn = self.uniform(len(trials))
        open_places = np.flatnonzero(drawn >= 1 - trials * chances)
        if not len(open_places):
            return successes
        trials, chances = trials[open_places, None], chances[open_places, None]
        terms = np.arange(1, size)
        factors = np.ones((len(trials), size))
        factors[:, 1:] = np.maximum(trials - terms + 1, 0) / terms * (chances / (1 - chances))
        summed = np.add.accumulate(np.multiply.accumulate(factors, axis=1), axis=1)
        sought = drawn[open_places] * summed[:, -1]
        successes[open_places] = np.count_nonzero(summed < sought[:, None], axis=1)
        return successes

    def _by_rejection(self, trials: Wholes, chances: Floats) -> Wholes:
        """Draw by transformed rejection: Hörmann (1993), "The generation of binomial random
        variates", algorithm BTRS. For a mean of at least 10 and chances up to a half.
        """
        successes = np.zeros_like(trials)
        open_places = np.arange(len(trials))
        while len(open_places):
            attempts = ATTEMPTS if len(open_places) < ATTEMPTS_WORTH_MAX else 1
            drawn, accepted = self._propose(
                np.tile(trials[open_places].astype(np.float64), attempts),
                np.tile(chances[open_places], attempts),
            )
            tried, accepted = drawn.reshape(attempts, -1), accepted.reshape(attempts, -1)
            first = accepted.argmax(axis=0)
            done = accepted.any(axis=0)
            places = np.flatnonzero(done)
            successes[open_places[places]] = tried[first[places], places].astype(np.int64)
            open_places = open_places[~done]
        return successes

    def _propose(self, trials: Floats, chances: Floats) -> tuple[Floats, Flags]:
        """Return one proposal of BTRS for each element, and whether it is accepted."""
        deviation = np.sqrt(trials * chances * (1 - chances))
        b = 1.15 + 2.53 * deviation
        a = -0.0873 + 0.0248 * b + 0.01 * chances
        u = self.uniform(len(trials)) - 0.5
        v = self.uniform(len(trials))
        room = 0.5 - np.abs(u)
        drawn = np.floor((2 * a / room + b) * u + trials * chances + 0.5)
        accepted = (room >= 0.07) & (v <= 0.92 - 4.2 / b)
        unsure = np.flatnonzero(~accepted & (drawn >= 0) & (drawn <= trials))
        if len(unsure):
            room, a, b = room[unsure], a[unsure], b[unsure]
            alpha = (2.83 + 5.1 / b) * deviation[unsure]
            height = v[unsure] * alpha / (a / (room * room) + b)
            accepted[unsure] = _lies_below(height, trials[unsure], chances[unsure], drawn[unsure])
        return drawn, accepted


def _lies_below(height: Floats, trials: Floats, chances: Floats, drawn: Floats) -> Flags:
    """Return whether heights lie below a number's probability, as a share of the mode's."""
    odds = chances / (1 - chances)
    mode = np.floor((trials + 1) * chances)
    in_mode, in_drawn = trials - mode + 1, trials - drawn + 1
    numerators = np.array((height, mode + 1, in_mode, odds * in_drawn))
    denominators = np.array((np.ones_like(height), odds * in_mode, in_drawn, drawn + 1))
    logs = logarithm(numerators / denominators)
    rests = _stirling_rest(np.array((mode, in_mode - 1, drawn, in_drawn - 1)))
    share = (mode + 0.5) * logs[1] + (trials + 1) * logs[2] + (drawn + 0.5) * logs[3]
    return np.asarray(logs[0] <= share + ((rests[0] + rests[1]) - (rests[2] + rests[3])))


def _stirling_rest(values: Floats) -> Floats:
    """Return ln k! - ((k + 1/2) ln(k + 1) - (k + 1) + ln(2 pi) / 2)."""
    inverse = 1 / (values + 1)
    square = inverse * inverse
    series = (1 / 12 - (1 / 360 - square / 1260) * square) * inverse
    small = values < len(STIRLING_REST)
    return np.where(small, STIRLING_REST[np.where(small, values, 0).astype(np.int64)], series)
