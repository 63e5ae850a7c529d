"""Forgetting a person: who decides it, how somebody forgotten is still recognised, and what is cut out of what they were told in."""
