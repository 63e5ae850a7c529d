"""Where webhooks may go: public https endpoints, and the hosts an operator has listed. What isn't plainly public is refused."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

IpAddress = IPv4Address | IPv6Address

_PORTS = (443, 80)

# IANA IPv4 special-purpose address registry, with multicast and the former class E.
_REFUSED_V4 = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
# Global unicast is 2000::/3 alone; mapped, NAT64, unique local, link-local and multicast addresses lie outside of it.
_GLOBAL_UNICAST_V6 = ip_network("2000::/3")
# Inside it: protocol assignments with Teredo and ORCHID, 6to4, and the two documentation blocks.
_REFUSED_V6 = tuple(ip_network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"))

# Stricter than any URL reader, so that whoever reads it after us reads the same host: no backslashes, blanks, controls or fragments.
_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#\\]*)(?P<rest>[/?][!$%&-;=?@A-Z_a-z~]*)?", re.ASCII | re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:@\[\]]+)(:(?P<port>[0-9]{1,5}))?", re.ASCII | re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What C libraries read as a number, and so as an address: 127.1, 0x7f.1, 2130706433, 0177.0.0.1.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address as it will be called. `is_listed`: the operator vouches for the host, so nothing more is checked."""

    host: str
    port: int
    is_listed: bool


@dataclass(frozen=True, slots=True)
class RefusedAddress:
    """Why not, as the end of a sentence that begins with the address."""

    reason: str


def decide_endpoint(url: str, listed: Collection[str]) -> Endpoint | RefusedAddress:
    """Whether webhooks may go to this URL as far as its text tells. Its host's addresses are a second question (`refused_ip`).

    `listed` holds hosts in lower case, IPv6 addresses without brackets.
    """
    parts = _URL.fullmatch(url)
    if parts is None:
        return RefusedAddress("must be an https address in plain ASCII")
    if "@" in parts["authority"]:
        return RefusedAddress("must not carry a user or password")
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None:
        return RefusedAddress("must name a host, and a port only as a number")
    scheme, host = parts["scheme"].lower(), authority["host"].lower().strip("[]")
    port = int(authority["port"] or (443 if scheme == "https" else 80))
    if host in listed:
        return Endpoint(host, port, is_listed=True)
    if scheme != "https":
        return RefusedAddress("must be an https address")
    if port not in _PORTS:
        return RefusedAddress("must use port 443 or 80")
    reason = _refused_host(host)
    return Endpoint(host, port, is_listed=False) if reason is None else RefusedAddress(reason)


def refused_ip(address: IpAddress) -> str | None:
    """Why a connection to this address is refused; None when it is plainly public."""
    match address:
        case IPv4Address():
            is_public = not any(address in block for block in _REFUSED_V4)
        case IPv6Address():
            is_public = address in _GLOBAL_UNICAST_V6 and not any(address in block for block in _REFUSED_V6) and not address.scope_id
    return None if is_public else "does not lead to a public address"


def _refused_host(host: str) -> str | None:
    try:
        return refused_ip(ip_address(host))
    except ValueError:
        pass
    labels = host.split(".")
    if any(label.startswith("xn--") for label in labels):
        return "must name its host in plain ASCII: other alphabets hide look-alikes"
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return "must name its host as letters, digits and hyphens between single dots"
    if _NUMBER.fullmatch(labels[-1]):
        return "must write an address as four decimal numbers"
    if labels[-1] in ("localhost", "local", "internal"):
        return "does not lead to a public address"
    return None
