"""`python -m feedback`: run (the default), migrate, republish."""

from feedback.app import build
from shared.service import main

main(build)
