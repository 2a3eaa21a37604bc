"""What of a header says how its pixels are shown. No pixels here."""
