"""The rules of routing as pure functions: facts and `now` in, a decision that carries its reasons out."""
