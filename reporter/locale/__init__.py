"""Message catalogues: English is in the code, other languages here."""
