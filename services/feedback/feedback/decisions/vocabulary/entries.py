"""How vocabulary is written down: as people write it, folded once when imported."""

from feedback.decisions.folding import fold


def words(text: str) -> frozenset[str]:
    return frozenset(fold(text).split())


def phrases(text: str) -> tuple[str, ...]:
    """One phrase per line, matched from the start of its first word to anywhere in its last: `passed out` finds `passed outside` too."""
    return tuple(fold(line).rstrip() for line in text.splitlines() if line.strip())


def unspaced(text: str) -> tuple[str, ...]:
    """Words of scripts that put no spaces between them, or write small words onto the next: found anywhere."""
    return tuple(fold(word).strip() for word in text.split())
