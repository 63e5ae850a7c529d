"""A marketing platform's end of the outgoing webhooks: it believes nothing that is not signed, and fails once on purpose."""

import base64
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from standardwebhooks import Webhook, WebhookVerificationError

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt that arrived. `content` is the body's JSON; None when the signature was wrong."""

    webhook_id: str
    answered: HTTPStatus
    content: dict[str, Any] | None


class MarketingEndpoint:
    """What arrived so far. The first webhook ever is refused with 500 once, as a platform in trouble would."""

    def __init__(self) -> None:
        self.secret = f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
        self.url = ""
        self._deliveries: list[Delivery] = []
        self._lock = threading.Lock()

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt, in the order of arrival."""
        with self._lock:
            return list(self._deliveries)

    def taken(self, event_type: str, brand_id: str) -> list[dict[str, Any]]:
        """The `data` of the webhooks of this type that were answered with success, each webhook once, none of another brand."""
        once = {
            delivery.webhook_id: delivery.content["data"]
            for delivery in self.deliveries
            if delivery.content is not None and delivery.content["type"] == event_type and delivery.answered is HTTPStatus.NO_CONTENT
        }
        # A change names no brand.
        return [content for content in once.values() if content.get("brand_id", brand_id) == brand_id]

    def answer(self, body: bytes, headers: dict[str, str]) -> HTTPStatus:
        """Verifies and keeps one delivery."""
        content = self._verified(body, headers)
        with self._lock:
            answered = self._status_for(content)
            self._deliveries.append(Delivery(headers.get("webhook-id", ""), answered, content))
        return answered

    def _verified(self, body: bytes, headers: dict[str, str]) -> dict[str, Any] | None:
        try:
            Webhook(self.secret).verify(body, headers, json_parse=False)
            content: dict[str, Any] = orjson.loads(body)
        except (WebhookVerificationError, ValueError):  # the library lets errors of decoding through
            return None
        return content

    def _status_for(self, content: dict[str, Any] | None) -> HTTPStatus:
        if content is None:
            return HTTPStatus.UNAUTHORIZED
        is_first = all(delivery.content is None for delivery in self._deliveries)
        return HTTPStatus.INTERNAL_SERVER_ERROR if is_first else HTTPStatus.NO_CONTENT


@contextmanager
def open_endpoint(*, listens: str, host: str) -> Iterator[MarketingEndpoint]:
    """A marketing endpoint that listens on that address while the block runs; the services call it by the name `host`."""
    endpoint = MarketingEndpoint()

    class Receiver(BaseHTTPRequestHandler):
        """Hands each POST to the endpoint."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(endpoint.answer(body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Says nothing: the play tells what arrived."""

    server = ThreadingHTTPServer((listens, 0), Receiver)
    server.daemon_threads = True
    endpoint.url = f"http://{host}:{server.server_address[1]}/webhooks"
    thread = threading.Thread(target=server.serve_forever, name="marketing-endpoint", daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
