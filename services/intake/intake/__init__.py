"""Intake: marketing's door. It verifies, keeps, recognises and records what contacts did."""
