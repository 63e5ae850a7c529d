"""What the load sends: whole requests, made in the load's own process."""

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import count, islice
from typing import Any

from deploy.demo import mautic

SOURCE = "mautic"
SECRET = "a-secret-for-benchmarks"
BRAND = "cardiolex"
CONTACTS = 2_000

_NUMBER, _PERSON = 987_654_321, 876_543  # digits to be found again in a body, and nowhere else in it


def mautic_forms(*, path: str, first: int, at: str) -> Iterator[bytes]:
    """Signed webhooks, each a form that one of the known contacts filled in, no two the same. `first` numbers the first of them."""
    written = _template(datetime.fromisoformat(at))
    for number in count(first):
        person = str(number % CONTACTS).encode()
        body = written.replace(str(_NUMBER).encode(), str(number).encode()).replace(str(_PERSON).encode(), person)
        signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256"))
        yield b"".join((_head(path), b"Content-Length: %d\r\nWebhook-Signature: " % len(body), signature, b"\r\n\r\n", body))


def mautic_opens(*, path: str, first: int, at: str, known: int, new_every: int = 100, together: int = 1) -> Iterator[bytes]:
    """Signed webhooks of e-mails that were opened, `together` in each, no two opens the same.

    They are by `known` people, numbered from 0, and once in `new_every` by somebody nobody has heard of.
    """
    written = _open(datetime.fromisoformat(at))
    numbers = count(first * together)
    while True:
        opens = b",".join(_numbered(written, number, known=known, new_every=new_every) for number in islice(numbers, together))
        body = b'{"mautic.email_on_open":[' + opens + b"]}"
        signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256"))
        yield b"".join((_head(path), b"Content-Length: %d\r\nWebhook-Signature: " % len(body), signature, b"\r\n\r\n", body))


def _numbered(written: bytes, number: int, *, known: int, new_every: int) -> bytes:
    person = known + number if number % new_every == 0 else number % known
    tracked = b"%013x" % number
    return (
        written.replace(str(_NUMBER).encode(), b"%d" % number)
        .replace(str(_PERSON).encode(), b"%d" % person)
        .replace(b"%013x" % _NUMBER, tracked)
    )


def contacts() -> list[dict[str, Any]]:
    """The people these webhooks are about, as a directory states them."""
    return [
        {
            "id": f"hcp-{number}",
            "external_ids": {SOURCE: str(number)},
            "emails": [address_of(str(number))],
            "given_name": "Ada",
            "family_name": "Byrne",
            "kind": "prescriber",
            "specialty": "cardiology",
            "postal_code": "60601",
            "country": "US",
        }
        for number in range(CONTACTS)
    ]


def _template(at: datetime) -> bytes:
    recipient = mautic.Recipient(_PERSON, address_of(str(_PERSON)))
    [body] = mautic.bodies([mautic.submitted(recipient, number=_NUMBER, at=at)])
    return json.dumps(body, separators=(",", ":")).encode()


def _open(at: datetime) -> bytes:
    recipient = mautic.Recipient(_PERSON, address_of(str(_PERSON)))
    [body] = mautic.bodies([mautic.opened(recipient, number=_NUMBER, at=at)])
    [opened] = body["mautic.email_on_open"]
    return json.dumps(opened, separators=(",", ":")).encode()


def address_of(person: str) -> str:
    """The e-mail address of the person of that number."""
    return f"hcp-{person}@clinic.example"


def _head(path: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mautic Webhook\r\nAccept: */*\r\n"
        "X-Origin-Base-URL: https://mautic.example.org\r\nContent-Type: application/json\r\n"
    ).encode()
