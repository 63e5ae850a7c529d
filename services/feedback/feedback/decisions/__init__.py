"""The rules of feedback, as pure functions of facts and time."""
