"""Who is counted as one asker."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from core.api.context import neighbourhood_of


def asker(address: str | None) -> str:
    client = None if address is None else (address, 1234)
    return neighbourhood_of(HTTPConnection({"type": "http", "client": client, "headers": []}))


@pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.7", "::ffff:203.0.113.7"])
def test_that_an_ipv4_address_is_one_asker(address: str) -> None:
    assert asker(address) == address


def test_that_a_network_of_ipv6_is_one_asker() -> None:
    assert asker("2001:db8::1") == asker("2001:db8::ffff:1:2:3") == "2001:db8::/64"
    assert asker("2001:db8:0:1::1") != asker("2001:db8::1")


def test_that_what_is_no_address_is_an_asker_too() -> None:
    assert asker("nonsense") == "nonsense"
    assert asker(None) == "unknown"
