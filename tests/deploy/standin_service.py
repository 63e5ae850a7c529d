"""Stands where a service will: migrates, serves /readyz and stops on SIGTERM, or fails in the way it is told to.

Run as `python -m <name>` under the name of each service. `STANDIN_FAILS` holds `<name> <way>`.
"""

import http.server
import os
import signal
import sys
from pathlib import Path

import psycopg

NAME = Path(sys.argv[0]).stem


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def migrate() -> None:
    with psycopg.connect(os.environ["FULLCIRCLE_DATABASE_URL"].replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (at timestamptz NOT NULL)")
        connection.execute("INSERT INTO migrations VALUES (clock_timestamp())")


def main() -> None:
    failing, _, way = os.environ.get("STANDIN_FAILS", "").partition(" ")
    if failing == NAME and way == "migrating" and sys.argv[1:] == ["migrate"]:
        sys.exit("a migration that can't be applied")
    if sys.argv[1:] == ["migrate"]:
        migrate()
        return
    if failing == NAME and way == "starting":
        sys.exit("a setting that makes no sense")
    if failing == NAME and way == "stopping":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stderr.write(os.environ.get("STANDIN_SAYS", ""))
    http.server.HTTPServer(("127.0.0.1", int(os.environ["FULLCIRCLE_PORT"])), Answers).serve_forever()


if __name__ == "__main__":
    main()
