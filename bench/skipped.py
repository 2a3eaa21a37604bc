"""The exception of a benchmark that this machine cannot run. Its text says what is missing and how to get it."""


class Skipped(Exception):
    """`bench` prints it as `skipped: …`, so no benchmark is left out silently."""
