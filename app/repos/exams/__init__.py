"""Rows of exams, their patients, reports and studies."""
