"""Exams, patients and reports from the RIS, and their matching with studies. Holds and releases are in `release`."""
