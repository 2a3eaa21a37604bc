"""Rows of prepared pictures and of studies that wait for them."""
