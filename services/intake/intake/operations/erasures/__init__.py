"""Forgetting people step by step: asked for, approved, ordered, searched for in receipts, answered by every service, gone from the bus."""
