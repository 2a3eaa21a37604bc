"""The official account: notices and a simulated WeChat. Knows nothing of exams or of app/."""
