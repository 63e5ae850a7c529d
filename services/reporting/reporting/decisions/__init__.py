"""Pure rules of reporting: facts and `now` in, decision values with reasons out."""
