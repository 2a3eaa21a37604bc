"""The JSON door of the RIS."""
