"""Leads move: by reports, by somebody's word, by their date, and when people are joined."""
