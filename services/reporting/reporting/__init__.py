"""Reporting: the loop. It consumes everything, counts it, finds what rises, asks for decisions and tells marketing what happened."""
