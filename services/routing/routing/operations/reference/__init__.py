"""What sales operations keeps is stored, and takes effect."""
