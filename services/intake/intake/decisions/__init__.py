"""Intake's rules: who signed, what was observed, of whom, and what it means for consent. No clock, no session, no settings."""
