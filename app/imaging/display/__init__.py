"""Turns arrays into grey levels and colours: windows, and the description of a wanted picture. No decoding here."""
