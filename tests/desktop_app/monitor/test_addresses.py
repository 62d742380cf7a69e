"""desktop_app.monitor.addresses"""

from __future__ import annotations

from desktop_app.monitor.addresses import is_loopback, join_address


def test_that_an_address_is_what_players_type() -> None:
    assert join_address(("192.168.1.20", 8642)) == "192.168.1.20:8642"
    assert join_address(("::1", 8642)) == "[::1]:8642"
    assert join_address(None) is None


def test_that_all_interfaces_are_no_address_to_give_to_anybody() -> None:
    address = join_address(("0.0.0.0", 8642))  # noqa: S104
    assert address is not None
    assert address.endswith(":8642")
    assert not address.startswith("0.0.0.0")  # noqa: S104


def test_that_loopback_is_told_from_the_rest() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")  # noqa: S104
