"""Reads: each answers one question in one statement where it can."""
