"""The verbs of routing: each changes something, in one transaction, and says so in events."""
