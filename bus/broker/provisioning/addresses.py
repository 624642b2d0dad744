"""A registered address (备案地址) as a broker writes the address it sees."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address


def broker_form(registered: str) -> str | None:
    """Return the text that a broker compares a connection's address with.

    Brokers compare texts, so an IPv6 address must stand as Java prints it: eight groups, no `::`.
    An IPv4 address mapped into IPv6 is printed as IPv4.

    Args:
        registered: The address as the list of participants has it.

    Returns:
        The broker's form, or None where it is not one host's address: a name, a range, a wildcard,
        a zone, a multicast or the unspecified address.
    """
    try:
        address = ip_address(registered)
    except ValueError:
        return None
    if address.is_unspecified or address.is_multicast:
        return None
    if isinstance(address, IPv4Address):
        return str(address)
    if address.scope_id is not None:
        return None
    if address.ipv4_mapped is not None:
        return broker_form(str(address.ipv4_mapped))
    return ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))
