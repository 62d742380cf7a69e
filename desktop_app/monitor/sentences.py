"""What the window says in words about a reading."""

from __future__ import annotations

from desktop_app.application import HostState
from desktop_app.monitor.levels import Level
from desktop_app.monitor.reading import Reading, SaveFigures
from desktop_app.monitor.wording import (
    age,
    counted,
    duration,
    grouped,
    last_backup,
    milliseconds,
    percent,
    uptime,
)

UNKNOWN = "–"
PROGRAM = "Starkeep"

_STATES = {
    HostState.STOPPED: "Stopped",
    HostState.STARTING: "Starting",
    HostState.RUNNING: "Running",
    HostState.STOPPING: "Stopping",
    HostState.FAILED: "Failed",
}
_KEEPING_TIME = {
    Level.GOOD: "On time",
    Level.WATCH: "Tight",
    Level.WARN: "Behind",
    Level.BAD: "Too slow",
}
_SAFETY_UNKNOWN = {
    HostState.STOPPED: "Nothing is being saved",
    HostState.STARTING: "Not known yet what is saved",
    HostState.RUNNING: "Not known yet what is saved",
    HostState.STOPPING: "Everything is being saved",
    HostState.FAILED: "Not known what is saved",
}
NOT_ALL_SAVED = "Not everything was saved"
_NUMBERS = ("", "One thing", "Two things", "Three things", "Several things")
_HEALTH_OF_STATE = {
    HostState.STOPPED: "The world is stopped.",
    HostState.STARTING: "The world is being started.",
    HostState.STOPPING: "The world is being saved and stopped.",
    HostState.FAILED: "The world has ended with an error.",
}


def state_headline(reading: Reading) -> str:
    """Return the host's state and how long it has been running."""
    if reading.running and reading.uptime_s is not None:
        return f"Running {uptime(reading.uptime_s)}"
    return _STATES[reading.state]


def time_headline(reading: Reading) -> str:
    """Return whether the world keeps time, with its tick rate."""
    ticks = reading.ticks
    if not reading.running:
        return "Not ticking"
    if reading.stale and ticks.since_last_s is not None:
        return f"No tick for {duration(ticks.since_last_s)}"
    if reading.time_level is Level.UNKNOWN or ticks.rate is None:
        return "Warming up"
    rate = f"{ticks.rate:.{1 if ticks.rate >= 1 else 2}f}"
    return f"{_KEEPING_TIME[reading.time_level]}  {rate} of {1 / ticks.period_s:g} ticks/s"


def time_details(reading: Reading) -> str:
    """Return what keeps the world from its time most: its work, unless something else is worse."""
    ticks = reading.ticks
    if ticks.work_p95_s is None:
        measured = f"{ticks.samples} of {counted(ticks.samples_needed, 'tick')} measured"
        return measured if reading.running else "the world stands still"
    worst = max(("work", "lateness", "skipped"), key=reading.level_of)
    if worst == "skipped" and ticks.skipped_share is not None:
        return f"{percent(ticks.skipped_share)} of ticks skipped (5 min)"
    if worst == "lateness" and ticks.lateness_p95_s is not None:
        return f"ticks start {milliseconds(ticks.lateness_p95_s)} ms late (p95)"
    share = percent(ticks.work_p95_s / ticks.period_s)
    return f"work p95 {milliseconds(ticks.work_p95_s)} ms, {share} of budget"


def warming_up(reading: Reading) -> str:
    """Return how far the figures are from being known."""
    ticks = reading.ticks
    return f"warming up {ticks.samples}/{ticks.samples_needed}"


def safety_headline(reading: Reading) -> str:
    """Return what would be lost if the power failed now."""
    saves = reading.saves
    if saves.not_saved is not None:
        return NOT_ALL_SAVED
    if saves.all_saved:
        return "Everything is saved"
    if saves.unknown_for_s is not None:
        return f"Not known for {age(saves.unknown_for_s)} what is saved"
    if saves.at_risk is None:
        return _SAFETY_UNKNOWN[reading.state]
    if saves.at_risk:
        return f"{counted(saves.at_risk, 'change')} at risk, {_last_save(reading)}"
    if saves.saved_ago_s is None:
        return "Nothing at risk, nothing saved yet"
    return f"Saved {age(saves.saved_ago_s)} ago, nothing at risk"


def safety_shorter(reading: Reading) -> str:
    """Return the same in fewer words, or nothing where there are few anyway."""
    saves = reading.saves
    if saves.unknown_for_s is not None:
        return "Not known what is saved"
    if saves.at_risk is None:
        return ""
    if saves.at_risk:
        return f"{grouped(saves.at_risk)} at risk, {_last_save(reading)}"
    return "Nothing at risk"


def _last_save(reading: Reading) -> str:
    saves = reading.saves
    if saves.failures_in_row:
        return "saving fails"
    if saves.saved_ago_s is None:
        return "nothing saved yet"
    return f"saved {age(saves.saved_ago_s)} ago"


def safety_details(reading: Reading) -> str:
    """Return what is still to be written, or why it cannot be."""
    saves = reading.saves
    if saves.not_saved is not None:
        return saves.not_saved
    if saves.unknown_for_s is not None:
        return _risk_before(saves)
    if saves.error:
        return f"the last save failed: {saves.error}"
    if saves.at_risk is None:
        return _why_unknown(reading)
    if not saves.to_write:
        return "nothing to write"
    return f"{counted(saves.to_write, 'change')} to write, oldest {duration(saves.oldest_age_s)}"


def _risk_before(saves: SaveFigures) -> str:
    if not saves.at_risk_before:
        return "nothing was at risk then"
    were = "was" if saves.at_risk_before == 1 else "were"
    return f"{counted(saves.at_risk_before, 'change')} {were} at risk then"


def _why_unknown(reading: Reading) -> str:
    failed = reading.saves.failures_in_row
    if reading.state is HostState.STOPPING and failed:
        return f"{counted(failed, 'save')} failed in a row"
    starting = reading.state is HostState.STARTING
    return "the world is not running yet" if starting else "the world is not running"


def players_headline(reading: Reading) -> str:
    """Return how many players are online."""
    if not reading.running:
        return "No players"
    world = reading.world
    return f"{world.players_online} of {counted(world.players, 'player')} online"


def players_shorter(reading: Reading) -> str:
    """Return the same in fewer words."""
    world = reading.world
    return f"{world.players_online} of {grouped(world.players)} online" if reading.running else ""


def health_sentence(reading: Reading) -> str:
    """Return in one sentence how the host is."""
    if reading.state is not HostState.RUNNING:
        lost = f" {NOT_ALL_SAVED}." if reading.saves.not_saved is not None else ""
        return _HEALTH_OF_STATE[reading.state] + lost
    if reading.stale:
        return "The world stands still."
    if reading.health is Level.UNKNOWN:
        return "Too early to tell."
    number = len(reading.findings)
    things = f"{_NUMBERS[min(number, 4)]} to look at." if number else ""
    match reading.health:
        case Level.GOOD | Level.WATCH:
            return f"All is well. {things}".strip()
        case Level.WARN:
            return f"Degraded. {things}"
        case _:
            return f"Failing. {things}"


def doubts(reading: Reading) -> tuple[str, ...]:
    """Return what was known of the world and is not any more."""
    saves = reading.saves
    if saves.unknown_for_s is None:
        return ()
    how_long = age(saves.unknown_for_s)
    return (f"What is saved has not been known for {how_long}; {_risk_before(saves)}.",)


def reassurances(reading: Reading) -> tuple[str, ...]:
    """Return what is well, for as long as nothing else has to be said."""
    ticks, saves = reading.ticks, reading.saves
    said = []
    if saves.all_saved:
        said.append("Everything that has happened is on disk.")
    if saves.at_risk == 0:
        said.append("Nothing would be lost if the power failed now.")
    if reading.running and reading.backup.made_at is not None and not reading.backup.is_bad:
        said.append(last_backup(reading.backup))
    if ticks.skipped_share == 0 and not reading.stale:
        said.append("No tick was skipped in the last 5 minutes.")
    if saves.save_p95_s is not None and not saves.failures_in_row:
        said.append(f"A save takes {duration(saves.save_p95_s)} (p95).")
    return tuple(said)


def title(reading: Reading) -> str:
    """Return the title of the window: the world and what is at risk."""
    parts = [reading.world_name, _title_of_state(reading)]
    # A world that nobody has named has the name of the program.
    return " – ".join(parts if reading.world_name == PROGRAM else [*parts, PROGRAM])


def _title_of_state(reading: Reading) -> str:
    saves = reading.saves
    if saves.unknown_for_s is not None:
        return "not known what is at risk"
    if saves.at_risk is None:
        lost = f", {NOT_ALL_SAVED.lower()}" if saves.not_saved is not None else ""
        return state_headline(reading).lower() + lost
    at_risk = counted(saves.at_risk, "change") if saves.at_risk else "nothing"
    return f"{at_risk} at risk"
