"""Plain HTTP requests to loopback; no proxy of the machine's environment ever gets in between."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any

from deploy.launcher.ports import LOOPBACK

_TIMEOUT_SECONDS = 5.0


def get_status(port: int, path: str) -> int | None:
    """The status that a GET there is answered with; None when nothing answers."""
    connection = HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def post_json(port: int, path: str, content: object) -> tuple[int, Any]:
    """The status and the JSON that a POST there is answered with. Raises OSError when nothing answers."""
    connection = HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", path, body=json.dumps(content), headers={"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()
