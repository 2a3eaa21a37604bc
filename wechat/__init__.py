"""Notices of the WeChat official account, and a simulated WeChat. Knows nothing of exams or app/."""
