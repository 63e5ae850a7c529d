"""What the page of a platform says of it that the code knows better: `python -m intake.platform_pages <folder>` writes it anew.

A page is for a marketer's administrator. Its steps are written by hand; what stands between its two markers comes from the adapter.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never, get_args

from intake.decisions.adapters import Adapter
from intake.decisions.signatures import Either, Field, Header, InHeader, InQuery, Recipe, SharedSecret, Signature, Stamp, Text
from intake.decisions.signatures.recipes import Part
from intake.platforms import PLATFORMS
from intake.sources import OF_EVERY_PLATFORM
from shared.events.engagements import EngagementKind

BEGIN = "<!-- from the code: begin -->"
END = "<!-- from the code: end -->"

_PARTS: Mapping[str, str] = {
    "method": "the method",
    "uri": "the public address",
    "body": "the body",
    "first_element": "the body (of a batch: its first event)",
    "timestamp": "the time",
}
_ALGORITHMS: Mapping[str, str] = {
    "hmac-sha256": "HMAC-SHA256",
    "hmac-sha1": "HMAC-SHA1",
    "secret-sha256": "SHA-256 of the secret and",
    "ecdsa-p256": "ECDSA on P-256, the secret being the platform's public key,",
}


def with_facts(page: str, adapter: Adapter) -> str:
    """The page with what stands between its markers written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{facts(adapter)}\n{END}{after}"


def facts(adapter: Adapter) -> str:
    """How requests are proved and answered, and what becomes of each event type."""
    labels = ", ".join(f"`{label}`" for label in sorted(adapter.media_types))
    settings = ", ".join(f"`{name}`" for name in sorted(adapter.settings | OF_EVERY_PLATFORM))
    rows = [
        *((name, _kinds(adapter.kinds[name])) for name in adapter.kinds),
        *((name, f"ignored: `{reason}`") for name, reason in adapter.ignored.items()),
    ]
    return "\n".join(
        [
            "| | |",
            "|---|---|",
            f"| proof | {_proof(adapter.recipe)} |",
            f"| body | {labels} |",
            f"| answer | {adapter.answers.accepted} when on record, {adapter.answers.unavailable} when it can't be put there now |",
            f"| settings | {settings} |",
            "",
            "| event | becomes |",
            "|---|---|",
            *(f"| `{name}` | {becomes} |" for name, becomes in rows),
            "",
            "Any other event is kept on its receipt and ignored as `unknown_event_type`.",
        ]
    )


def _kinds(kinds: object) -> str:
    listed = tuple(kinds) if isinstance(kinds, tuple) else ()
    if listed == get_args(EngagementKind):
        return "the kind you name in `property_kinds`"
    return " or ".join(f"`{kind}`" for kind in listed)


def _proof(recipe: Recipe) -> str:
    ways = recipe.ways if isinstance(recipe, Either) else (recipe,)
    return "; or ".join(_way(way) for way in ways)


def _way(way: Signature | SharedSecret) -> str:
    match way:
        case SharedSecret(places=places):
            return f"the secret itself, {' or '.join(_place(place) for place in places)}"
        case Signature():
            signed = ", ".join(_part(part) for part in way.parts if not isinstance(part, Text))
            return f"{_at(way.place)}: {_ALGORITHMS[way.algorithm]} of {signed}, {way.encoding}{_age(way.stamp)}".replace(
                " and of ", " and "
            )
        case _:
            assert_never(way)


def _part(part: Part) -> str:
    match part:
        case Header() | Field():
            return _at(part)
        case Text(text=text):
            return f"`{text}`"
        case _:
            return _PARTS[part]


def _at(place: Header | Field) -> str:
    match place:
        case Header(name=name, alias=alias):
            return f"`{name}`" if alias is None else f"`{name}` (or `{alias}`)"
        case Field(path=path):
            return f"the body's `{'.'.join(path)}`"
        case _:
            assert_never(place)


def _place(place: InHeader | InQuery) -> str:
    match place:
        case InHeader(name=name, scheme="bare"):
            return f"in the header `{name}`"
        case InHeader(name=name, scheme=scheme):
            return f"as {scheme} credentials in `{name}`"
        case InQuery(name=name):
            return f"as `{name}` in the query"
        case _:
            assert_never(place)


def _age(stamp: Stamp | None) -> str:
    if stamp is None or stamp.tolerance is None:
        return ""
    return f"; the time at most {int(stamp.tolerance.total_seconds())} seconds away"


def main(folder: Path) -> None:
    """Writes the facts of every platform's page anew."""
    for name, adapter in PLATFORMS.items():
        page = folder / f"{name}.md"
        page.write_text(with_facts(page.read_text(), adapter))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
