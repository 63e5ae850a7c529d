"""`python -m intake`: runs the service, migrates its database, or sends its events again."""

from intake.app import build
from shared.service import main

main(build)
