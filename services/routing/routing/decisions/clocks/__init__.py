"""Target times, in the hours in which somebody works."""
