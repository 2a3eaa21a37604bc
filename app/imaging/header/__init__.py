"""The parts of a header that say how its pixels are decoded and shown. No pixels here."""
