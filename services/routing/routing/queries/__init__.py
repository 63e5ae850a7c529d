"""Reads: what decisions are told, and what the API shows."""
