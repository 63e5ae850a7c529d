"""What would be decided, if: one contact, or a window of history. Nothing real is written."""
