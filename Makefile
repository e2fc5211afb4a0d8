# `make run` and `make test` do all the set-up on a machine with Python 3.11, git and make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export DO_NOT_TRACK := 1

.PHONY: run test check bench faults sbom audit lock clean

run: $(VENV)/.installed           ## Read the sandbox (or your accounts) and write the report
	$(BIN)/support-etl run

test: $(VENV)/.tests              ## Linter, types, import rules and all tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/connectors
	$(BIN)/python -m pytest -n 2 --dist worksteal --ignore=tests/connectors

check: $(VENV)/.tests             ## The quick half of `make test`: no databases, no servers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/unit tests/architecture

bench: $(VENV)/.tests             ## Extract-to-warehouse against dlt and the floor; the KPI layer on DuckDB and PostgreSQL; calls per vendor; the forecast
	$(BIN)/python tests/benchmarks/extract_to_warehouse.py
	$(BIN)/python tests/benchmarks/kpi_layer.py
	$(BIN)/python tests/benchmarks/kpi_layer.py --url postgresql
	$(BIN)/python tests/benchmarks/calls_per_vendor.py
	$(BIN)/python tests/benchmarks/forecast.py

faults: $(VENV)/.tests            ## Every fault at every point for every vendor (about 3,500 cases, three quarters of an hour on two cores), and the table of what became of them
	$(BIN)/python tests/faults/matrix.py

sbom: $(VENV)/.installed $(VENV)/audit/.installed  ## Bill of materials of the environment: sbom.json (CycloneDX)
	$(VENV)/audit/bin/cyclonedx-py environment --output-format JSON --output-file sbom.json $(BIN)/python

audit: $(VENV)/audit/.installed   ## Known vulnerabilities of the locked packages; needs the network. Skipped means not audited
	$(VENV)/audit/bin/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip

$(VENV)/bin/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv

$(VENV)/.installed: $(VENV)/bin/uv pyproject.toml constraints.txt
	$(BIN)/uv pip install --quiet --compile-bytecode -c constraints.txt -e .
	touch $@

$(VENV)/.tests: $(VENV)/.installed
	$(BIN)/uv pip install --quiet --compile-bytecode -c constraints.txt -e '.[dev]'
	touch $@

$(VENV)/audit/.installed: $(VENV)/bin/uv pyproject.toml constraints.txt
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) $(VENV)/audit
	$(BIN)/uv pip install --quiet --python $(VENV)/audit/bin/python -c constraints.txt cyclonedx-bom pip-audit
	touch $@

clean:                            ## Remove the environment and what the demo made
	rm -rf $(VENV) landing reports warehouse.duckdb* .prefect

lock: $(VENV)/bin/uv              ## Resolve the lock file again: versions and hashes, which every installation is held to
	$(BIN)/uv pip compile --quiet --upgrade --no-header --no-annotate --generate-hashes --extra dev --extra audit pyproject.toml -o constraints.txt
