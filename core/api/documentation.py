"""What /openapi.json says beyond what the code says by itself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from core.api.answers import ProblemAnswer

DESCRIPTION = """\
JSON in and out; times are ISO 8601 in UTC. Register, log in, and send the token as
`Authorization: Bearer …`.

**A 2xx answer to a change means that it is in the world and on the disk.** It survives the power
going out.

**Repeating.** Send a change with a header `Idempotency-Key` of your own choice, 1 to 128 visible
ASCII characters, and the same request with the same key gets the first answer again, after its
commit, and does nothing twice: at the same time, after a 504, after a restart. A key belongs to an
account, that of a registration to its user name. With another method, address or body it is refused
(422 `idempotency_key_reused`); passwords are not compared byte for byte but must be those that the
account has now. A refusal (4xx, 503) has changed nothing and is not remembered: the repeated
request is judged anew. An answer is remembered for 24 hours, of each account the latest 500 orders
and 100 changes of the account itself. Saving now, making and restoring backups, changing the
computer players, and setting a player's password take no key (400 `idempotency_key_unsupported`).

Whatever goes wrong is told as `{"detail": "a sentence", "code": "a_stable_word"}`. With 503
nothing was done; with 504 it was done and will be saved as soon as storage works: repeating it is a
second order, unless it carries the same Idempotency-Key.

**WebSocket.** Connect to `/ws` and send `{"type": "auth", "token": "…"}` within five seconds, or
connect with `?token=…`; then comes `welcome`. Send `ping`, or `subscribe` and `unsubscribe` with
`"planets": [ids]` or `"all"`; of all, up to a hundred that are unsubscribed by their ids are left
out. Then come `building_complete`, `research_complete`, `ship_build_complete` and
`resource_update`, the last at every turn and once a second (of more than a hundred planets a
hundred each second, in turn), and `message` (id) and `trade_event` (offer) to those whom they
concern.
Messages have at most 4 KiB. It is closed with 1008 for a bad token, 1009 for a message that is too
big or in too many pieces, 1013 for a reader who is too slow or a writer who is too fast, 1001 when
the world stops.
"""

TAGS = [
    {"name": "accounts", "description": "Who plays, and how to get in."},
    {"name": "players", "description": "What a player sees and orders."},
    {"name": "market", "description": "What players trade with one another."},
    {"name": "messages", "description": "What players read."},
    {"name": "world", "description": "How the world is doing, and its rules."},
    {
        "name": "host",
        "description": "For the host, whose token is in `host.token` in the data folder, and for "
        "administrators with their own.",
    },
]

_PROBLEMS = {
    400: "malformed, or the reason that `detail` gives",
    401: "not logged in",
    403: "not yours",
    404: "no such thing",
    409: "the rules say no; `code` says which, and the answer what is missing",
    413: "a body over 64 KiB",
    422: "wrong type or range; `field` names it",
    429: "too many requests; see Retry-After",
    503: "nothing was done: `storage_unavailable` or `busy`; see Retry-After",
    504: "`commit_pending`: it is done, and will be saved as soon as storage works",
}


def may_answer(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of the problems that a route may answer with."""
    return {
        status: {"model": ProblemAnswer, "description": _PROBLEMS[status]}
        for status in sorted(statuses)
    }


def new_router(**options: Any) -> APIRouter:
    """Return a router for routes that say what any of them may answer."""
    return APIRouter(responses=may_answer(422), **options)
