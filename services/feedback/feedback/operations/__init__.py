"""The verbs of feedback: each changes something, in one transaction, and says so in events."""
