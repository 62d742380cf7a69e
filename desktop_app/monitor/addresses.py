"""Under which address players reach the host."""

from __future__ import annotations

import socket
from ipaddress import ip_address

# Nothing is sent to it: connecting a datagram socket only asks which way packets would take.
ELSEWHERE = {socket.AF_INET: "198.51.100.1", socket.AF_INET6: "2001:db8::1"}


def is_loopback(host: str) -> bool:
    """Return whether only programs on this computer reach an address."""
    return ip_address(host).is_loopback


def join_address(address: tuple[str, int] | None) -> str | None:
    """Return host:port as players type it; that of the default route for all interfaces."""
    if address is None:
        return None
    host, port = address
    if ip_address(host).is_unspecified:
        host = _default_route_host(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _default_route_host(unspecified: str) -> str:
    """Return this computer's address on the way to others; loopback where there is no way."""
    family = socket.AF_INET6 if ":" in unspecified else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((ELSEWHERE[family], 9))
        except OSError:
            return "::1" if family == socket.AF_INET6 else "127.0.0.1"
        return str(probe.getsockname()[0])
