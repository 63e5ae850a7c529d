"""Benchmarks: our own path and a plain one taken in turn on the same machine, and the ratio between them."""
