"""Briefs are written, follow the facts, and are answered."""
