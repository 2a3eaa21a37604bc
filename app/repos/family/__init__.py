"""Queries of the room family. Who may see whose exams is decided in app/services/family."""
