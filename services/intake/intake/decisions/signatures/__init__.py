"""Whether a request is by who holds a source's secret: recipes declare how platforms prove it, one engine checks."""

from intake.decisions.signatures.engine import SECRETS_MAX, SIGNATURES_MAX, UNKNOWN_SOURCE, is_signed, secret_fault, trust_of
from intake.decisions.signatures.recipes import (
    Either,
    Field,
    Header,
    InHeader,
    InQuery,
    Recipe,
    SharedSecret,
    Signature,
    SignedRequest,
    Stamp,
    Text,
    Trust,
)

__all__ = [
    "SECRETS_MAX",
    "SIGNATURES_MAX",
    "UNKNOWN_SOURCE",
    "Either",
    "Field",
    "Header",
    "InHeader",
    "InQuery",
    "Recipe",
    "SharedSecret",
    "Signature",
    "SignedRequest",
    "Stamp",
    "Text",
    "Trust",
    "is_signed",
    "secret_fault",
    "trust_of",
]
