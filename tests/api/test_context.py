"""Who is counted as one asker."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from core.api.context import neighbourhood_of


def asker(address: str | None) -> str:
    client = None if address is None else (address, 1234)
    return neighbourhood_of(HTTPConnection({"type": "http", "client": client, "headers": []}))


def test_that_a_network_of_ipv6_is_one_asker() -> None:
    assert asker("2001:db8::1") == asker("2001:db8::2") == "2001:db8::/64"
    assert asker("::ffff:203.0.113.7") == asker("203.0.113.7") == "203.0.113.7"


def test_that_who_has_no_address_is_an_asker_too() -> None:
    assert asker(None) == "unknown"
