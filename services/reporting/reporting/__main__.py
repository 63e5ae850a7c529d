"""`python -m reporting`: run (all, api or worker), migrate, republish."""

from reporting.app import build
from shared.service import main

main(build)
