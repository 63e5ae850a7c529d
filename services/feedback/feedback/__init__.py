"""feedback: the rep's voice, and the guard that takes safety and medical matters out of the commercial path first."""
