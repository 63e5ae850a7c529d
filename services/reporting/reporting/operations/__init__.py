"""The verbs: each loads facts, asks a pure decision, and writes what follows in the caller's transaction."""
