"""What tests and benchmarks both stand on: running processes, invented CT slices, a phone's browser, real data.

It has a room of its own because neither may import the other: a benchmark must not change when a test's fixture does,
and no test may depend on how something is measured. The room is in deploy/, beside the scripts that install the tools
of both (bench-tools.sh, test-tools.sh), because it starts what deploy/ ships, as a hospital starts it. It imports app/
and nothing of tests/ or bench/; app/ never imports it.
"""
