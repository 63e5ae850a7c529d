"""How a class of evidence names the table it is read from: a field is a column of the same name, or a stated expression."""

from dataclasses import dataclass
from typing import ClassVar


class Row:
    """Base of what is read from one table of a service."""

    __slots__ = ()

    table: ClassVar[str]


@dataclass(frozen=True, slots=True)
class ReadAs:
    """Annotates a field that is read as this SQL expression over its table."""

    expression: str
