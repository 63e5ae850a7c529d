"""Intake's door alone: its application without relay or any other work in the background."""

from intake.app import build
from shared import telemetry
from tests.bench.arms.serving import serve

if __name__ == "__main__":
    service = build()
    telemetry.configure_logging(service.name, "INFO")
    serve(service.app("api"))
