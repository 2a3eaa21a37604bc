"""The simulated phone and report sheet; registered in the demo profile only."""
