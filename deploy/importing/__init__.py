"""Putting a file of contacts or engagements into an intake, wherever it runs: what `make import` does."""
