"""Identifiers: UUIDv7, so that ids made later sort later and indexes stay compact."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7 from the wall clock and randomness."""
    return uuid7()
