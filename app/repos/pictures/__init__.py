"""Queries on prepared pictures and on studies that wait for them. Pictures are made in app/services/pictures."""
