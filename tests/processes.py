"""Other processes, looked at from outside: Linux alone tells."""

from __future__ import annotations

from pathlib import Path


def has_ended(pid: int) -> bool:
    return _state_and_parent(pid) is None


def children_of(parent: int) -> set[int]:
    """Return the processes that one has started and that have not ended."""
    pids = (int(each.name) for each in Path("/proc").glob("[0-9]*"))
    return {pid for pid in pids if (found := _state_and_parent(pid)) and found[1] == parent}


def _state_and_parent(pid: int) -> tuple[str, int] | None:
    try:
        # The name of a program may have blanks and brackets in it.
        state, parent = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    # Nobody may be there to take its exit code.
    return None if state == "Z" else (state, int(parent))
