"""`python -m routing`: run (the default), migrate, republish."""

from routing.app import build
from shared.service import main

main(build)
