"""What both teams agreed: the document, its conditions, what speaks against it, and how two versions differ."""
