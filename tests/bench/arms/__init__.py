"""The plain programs our figures are compared with, each a process of its own."""
