"""`python -m intake.evaluation FOLDER`: what we make of real bodies, platform by platform, before anybody connects one.

A folder in FOLDER is named after an adapter or a shipped mapping, or brings its own `mapping.json`. Nothing is proved, looked up or
recorded here. The exit status is 1 if any item was rejected.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from pydantic import ValidationError

from intake.decisions.acts import Ignored, Item, Rejected
from intake.decisions.adapters import Adapter, SourceFacts
from intake.decisions.mappings import MappingDocument, adapter_of
from intake.decisions.mappings.trials import Kept, items_of, shown
from intake.platforms import PLATFORMS
from shared.bodies import utc_text

_MAPPING = "mapping.json"
# A live item without one of these waits in quarantine; a sample was often shortened by whoever published it.
_SHORTENED = {"no_person": "no_identity", "time_missing": "no_time"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what becomes of every body in every vendor's folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="a folder of vendors' folders")
    folder: Path = parser.parse_args(arguments).folder
    vendors = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not vendors:
        parser.error(f"{folder} is no folder of vendors' folders")
    told: Counter[str] = Counter()
    for vendor in vendors:
        adapter = _adapter_for(vendor)
        if isinstance(adapter, Adapter):
            told += _evaluate(vendor, adapter)
            continue
        print(f"{vendor.name}\n  {adapter or 'no mapping'}")
        told["rejected" if adapter else "no mapping"] += 1
    print(", ".join(f"{count} {what}" for what, count in sorted(told.items())))
    return 1 if told["rejected"] else 0


def _adapter_for(vendor: Path) -> Adapter | str | None:
    """The adapter of a vendor's folder: None if there is none, a sentence if its own mapping can't be."""
    own = vendor / _MAPPING
    if not own.is_file():
        return PLATFORMS.get(vendor.name)
    try:
        return adapter_of(MappingDocument.model_validate_json(own.read_bytes()))
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        return f"rejected: {_MAPPING}: {'.'.join(map(str, first['loc'])) or 'the mapping'}: {first['msg']}"


def _evaluate(vendor: Path, adapter: Adapter) -> Counter[str]:
    told: Counter[str] = Counter()
    print(vendor.name)
    for name, body, headers in _bodies(vendor):
        print(f"  {name}")
        kept = Kept(body, headers, received_at=datetime.now(UTC))
        items = [_judged(item) for item in items_of(kept, adapter, SourceFacts(vendor.name))]
        print(*(f"    {_line(shown(item))}" for item in items), sep="\n")
        told.update(str(shown(item)["verdict"]) for item in items)
    return told


def _bodies(vendor: Path) -> Iterator[tuple[str, bytes, Mapping[str, Sequence[str]]]]:
    """Every body in a folder, with its name and its headers in lower case."""
    for path in sorted(path for path in vendor.iterdir() if path.is_file() and path.name != _MAPPING):
        raw = path.read_bytes()
        if "signature_vector" in path.name:
            continue
        if path.name.endswith(".fields.json"):
            yield path.name, urlencode(json.loads(raw), doseq=True).encode(), {"content-type": ["application/x-www-form-urlencoded"]}
        elif path.name.endswith(".form.txt"):
            yield path.name, raw.strip(), {"content-type": ["application/x-www-form-urlencoded"]}
        elif path.name.endswith(".json"):
            yield path.name, raw, {"content-type": ["application/json"]}
        elif path.name.endswith("_headers.txt"):
            yield path.name, *_with_headers(raw)


def _with_headers(raw: bytes) -> tuple[bytes, Mapping[str, Sequence[str]]]:
    head, *rest = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)
    headers: dict[str, list[str]] = {}
    for line in head.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    return b"".join(rest), headers


def _judged(item: Item) -> Item:
    if isinstance(item, Rejected) and item.reason in _SHORTENED:
        return Ignored(item.vendor_type or "unnamed", _SHORTENED[item.reason])
    return item


def _line(told: Mapping[str, object]) -> str:
    """One item in one line: verdict, the vendor's type, and the kind with every recognised field, or why it is none."""
    verdict, vendor_type = told["verdict"], told["vendor_type"] or "unnamed"
    match told.get("engagement"):
        case dict() as engagement:
            fields = [f"{name}={_text(value)}" for name, value in engagement.items() if name not in ("kind", "source")]
            return f"{verdict}  {vendor_type} -> {engagement['kind']}  {' '.join(fields)}"
        case _:
            detail = f" ({told['detail']})" if "detail" in told else ""
            return f"{verdict}: {told['reason']}  {vendor_type}{detail}"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return utc_text(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, dict | list | bool) else str(value)


if __name__ == "__main__":
    sys.exit(main())
