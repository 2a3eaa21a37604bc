"""What a benchmark raises when this machine lacks what it needs; the text says what, and how to get it."""


class Skipped(Exception):
    """Printed as `skipped: …`; never silent."""
