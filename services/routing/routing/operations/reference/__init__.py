"""What sales operations keeps is stored, and takes effect; so does every date by which something begins or ends."""
