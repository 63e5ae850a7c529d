"""Answers for browsers: escaped HTML under a policy that runs and loads nothing but our own files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

_HERE = Path(__file__).parent

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: browsers would then send forms with `Origin: null`, and we tell our own by it.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_NOT_KEPT = {"Cache-Control": "no-store"}
# The address of a file changes with its content.
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}

_THOUSAND, _TEN_THOUSAND, _MILLION = 1_000, 10_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page. `version` follows its content."""

    content: bytes
    media_type: str

    @property
    def version(self) -> str:
        return sha256(self.content).hexdigest()[:12]

    def response(self) -> Response:
        """The file as an answer."""
        return Response(self.content, media_type=self.media_type, headers={**_HEADERS, **_KEPT})


_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
ASSETS = {path.name: Asset(path.read_bytes(), _MEDIA_TYPES[path.suffix]) for path in sorted((_HERE / "static").iterdir())}


def page(template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **shown: Any) -> HTMLResponse:
    """The template as an answer that no cache keeps and nobody frames."""
    content = _TEMPLATES.get_template(template).render(**shown)
    return HTMLResponse(content, status_code=status, headers={**_HEADERS, **_NOT_KEPT, **(headers or {})})


def words(code: str) -> str:
    """A code as people read it: `dosing_administration` is "dosing administration"."""
    return code.replace("_", " ")


def stage_name(words_of_stage: str) -> str:
    """A stage's words as a heading: MQL and SQL are initials."""
    return words_of_stage.upper() if words_of_stage in ("mql", "sql") else words_of_stage.capitalize()


def grouped(count: int) -> str:
    """A count with its thousands set apart: 12,345."""
    return f"{count:,}"


def short(count: int) -> str:
    """A count in at most five characters or so: 9,999, then 12.3k, then 4.6M."""
    if count < _TEN_THOUSAND:
        return grouped(count)
    if count < _MILLION:
        return f"{count // (_THOUSAND // 10) / 10:g}k"
    return f"{count // (_MILLION // 10) / 10:g}M"


def percent(part: int, whole: int) -> str:
    """What part of the whole, in whole percent; a dash where there is no whole."""
    return f"{part / whole:.0%}" if whole else "–"


def share(part: int, whole: int) -> float:
    """The same as a length of 100 for drawing; what is there at all can be seen."""
    return max(round(100 * part / whole, 2), 1.0) if whole > 0 and part > 0 else 0.0


def day(moment: datetime) -> str:
    """A moment's day as people write it: 6 December 2026."""
    return f"{moment.day} {moment:%B %Y}"


def _address(name: str) -> str:
    return f"page/{name}?v={ASSETS[name].version}"


_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES.globals.update(address=_address, percent=percent, share=share)
_TEMPLATES.filters.update(words=words, stage_name=stage_name, grouped=grouped, short=short, day=day)
