"""The seams between the four services: event contracts, outbox, inbox, consuming, and what every HTTP API does alike.

Nothing here has business meaning but the contracts.
"""
