"""Arrays to grey levels and colours: windows, and what a caller may ask of a picture."""
