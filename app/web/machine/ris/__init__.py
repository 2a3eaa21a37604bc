"""The JSON door of the RIS. Its rules are in app/services/exams."""
