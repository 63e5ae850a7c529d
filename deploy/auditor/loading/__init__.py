"""Loading: how evidence is read. It only reads, in transactions that could not write if they tried."""
