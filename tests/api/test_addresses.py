"""Which addresses are this computer's own, and which are one asker."""

from __future__ import annotations

import pytest

from core.api.addresses import is_loopback, neighbourhood, plain


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.20", False),
        ("::ffff:192.168.1.20", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_that_loopback_is_this_computer(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.7", "::ffff:203.0.113.7"])
def test_that_an_ipv4_address_is_one_asker(address: str) -> None:
    assert plain(address) == neighbourhood(address) == address.removeprefix("::ffff:")


def test_that_a_network_of_ipv6_is_one_asker() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1:2:3") == "2001:db8::/64"
    assert neighbourhood("2001:db8:0:1::1") != neighbourhood("2001:db8::1")
    assert neighbourhood("fe80::1%eth0") == neighbourhood("fe80::2%eth0") == "fe80::/64"


def test_that_what_is_no_address_is_an_asker_too() -> None:
    assert plain("nonsense") == neighbourhood("nonsense") == "nonsense"
