"""Addresses that requests come from: which are this computer's own, and which are one asker."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address


def plain(address: str) -> str:
    """Return an address as it is written by itself.

    On a socket that serves both kinds, IPv4 arrives inside IPv6: ::ffff:127.0.0.1 is 127.0.0.1.
    """
    return str(_parsed(address) or address)


def is_loopback(address: str) -> bool:
    """Return whether an address is this computer's own."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def neighbourhood(address: str) -> str:
    """Return what is counted as one asker: an address, or the network of an IPv6 address.

    Who has one IPv6 address has 2**64 of them.
    """
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), 64), strict=False))
    return str(parsed or address)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """Return an address, None for what is none."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
