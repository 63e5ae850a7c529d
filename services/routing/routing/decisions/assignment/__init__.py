"""Who gets a lead, whose turn it is, and why not the others."""
