"""WeChat official account. Imports nothing of app/."""
