"""Clocks are started, met, paused, warned of and breached."""
