# The commands of the project. `make demo` and `make test` work on a fresh Debian 12.
PORT ?= 8000
DEMO_DATA ?=
PYTHON := .venv/bin/python
XDIST ?= auto
BENCH ?=
SOAK ?=
# Unit tests of use cases: rooms of services, and what works above them. They run on PostgreSQL once more.
ON_POSTGRES := tests/unit/jobs tests/unit/demo \
	$(wildcard $(patsubst app/services/%/,tests/unit/%,$(wildcard app/services/*/)))

.PHONY: demo test check bench soak fix lock help tools lint audit bundle fresh

help:
	@echo "make demo [PORT=8000] [DEMO_DATA=folder]  run everything on this machine, with simulated carriers"
	@echo "make test                                 set up and run every test"
	@echo "make check                                lint, types, audit and tests: what CI runs"
	@echo "make fresh                                the property tests with a fresh seed, which is printed"
	@echo "make audit                                advisories against the locked packages"
	@echo "make bench [BENCH='name ...']             the benchmarks, or the named ones"
	@echo "make soak [SOAK='program ...']            the long runs against the house: see tests/soak/__main__.py"
	@echo "make bundle                               one archive to install from without a network: var/bundle"
	@echo "make fix                                  format and mend what can be mended"

.venv/.runtime: requirements/runtime.txt deploy/venv.sh
	@deploy/venv.sh requirements/runtime.txt
	@touch $@

.venv/.test: requirements/test.txt .venv/.runtime
	@deploy/venv.sh requirements/test.txt
	@touch $@

demo: .venv/.runtime
	@exec $(PYTHON) -m app.demo --port $(PORT) $(if $(DEMO_DATA),--data "$(DEMO_DATA)")

tools:
	@deploy/test-tools.sh

test: .venv/.test tools
	$(PYTHON) -m pytest -q -rs -n $(XDIST) --dist loadfile -m "not server and not browser"
	$(PYTHON) -m pytest -q -rs -n $(XDIST) --dist loadfile -m "not server and not browser" --postgres \
		tests/integration $(ON_POSTGRES)
	$(PYTHON) -m pytest -q -rs -n $(XDIST) --dist loadfile -m browser
	$(PYTHON) -m pytest -q -rs -m server

lint: .venv/.test
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	@deploy/check-viewer.sh

# Without advisories to be had (no network, an index that has none) it says so, and the dated list counts.
audit: .venv/.test
	$(PYTHON) -m deploy.audit

# Beside the fixed search of CI: the property tests once more with a seed of their own, which is printed.
fresh: .venv/.test
	XDIST=$(XDIST) $(PYTHON) -m tests.soak properties 0

check: lint audit test fresh

bench: .venv/.test
	@deploy/bench-tools.sh
	$(PYTHON) -m bench $(BENCH)

soak: .venv/.test tools
	$(PYTHON) -m tests.soak $(SOAK)

bundle: .venv/.runtime
	@deploy/bundle.sh

fix: .venv/.test
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

# The resolver is not pinned: its output is, with hashes.
lock: .venv/.runtime
	$(PYTHON) -m pip install --quiet uv
	.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes -q -o requirements/runtime.txt requirements/runtime.in
	.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes -q -o requirements/test.txt requirements/test.in
