"""What becomes of a lead: stages, reports, detours, merges, and the conversation guard."""
