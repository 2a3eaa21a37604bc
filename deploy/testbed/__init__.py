"""The shared ground of tests and benchmarks: running processes, invented CT slices, a phone's browser, real data.

It has its own room because tests and benchmarks must not import each other: a benchmark must not change when a fixture
of a test changes, and no test may depend on how something is measured. The room is in deploy/ because it starts what
deploy/ ships, as a hospital starts it; the scripts that install the tools (bench-tools.sh, test-tools.sh) lie there.
It imports app/ and nothing of tests/ or bench/. app/ never imports it.
"""
