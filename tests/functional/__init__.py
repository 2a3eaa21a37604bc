"""Whole journeys against real servers, one a file."""
