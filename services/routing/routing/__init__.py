"""Routing: who should call, and why now."""
