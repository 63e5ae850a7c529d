"""Intake's verbs. Each runs inside a transaction its caller opened."""
