"""Rows that the service desk asks for and no other room does."""
