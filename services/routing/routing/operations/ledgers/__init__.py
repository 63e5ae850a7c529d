"""Ledgers are kept, and made anew when what they rest on is told anew."""
