"""The page a rep reads before a call, and what makes it a new version."""
