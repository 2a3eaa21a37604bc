"""`make demo`: invented people, a loaded folder, the simulated phone. It imports every room; nobody imports it."""
