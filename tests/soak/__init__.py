"""Long runs, by hand or at night: each module is a program, `python -m tests.soak.<name>`. The suite runs none."""
