"""Queries on exams, their patients, reports and studies. Decisions about them are in app/services/exams."""
