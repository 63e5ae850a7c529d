"""The ledger, its reading, and who is an MQL; the same replayed over history."""
