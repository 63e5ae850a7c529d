"""Leads find owners: at first, again when something changed, and by name."""
