# Everything sets itself up on a machine with Python 3.11, git and make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help run test check pythons fmt docs bench faults sbom audit lock clean

help:                             ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | expand -t 9

run: $(VENV)/.installed           ## Read the sandbox (or your accounts), build the tables, write the report
	$(BIN)/support-etl run --tables

test: $(VENV)/.tests              ## Run the linters, the type checker, the import rules and all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/sqlfluff lint --processes 2 sql
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 3 --dist worksteal tests/connectors
	$(BIN)/python -m pytest -n 3 --dist worksteal --ignore=tests/connectors

check: $(VENV)/.tests             ## Run the quick half of `make test`: no databases, no servers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/sqlfluff lint --processes 2 sql
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/unit tests/architecture

pythons:                          ## Run `make test` on the other supported Pythons, each in its own environment
	for version in 3.12 3.13; do \
		$(MAKE) test PYTHON=python$$version VENV=.venv/$$version || exit 1; \
	done

fmt: $(VENV)/.tests               ## Format the code and apply the linter's safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix --processes 2 --quiet sql

docs: $(VENV)/.tests              ## Build the documentation site into site/; any warning is an error
	$(BIN)/python -m docs.generate .docs
	$(BIN)/zensical build --strict

bench: $(VENV)/.tests             ## Run the benchmarks (DATA=folder of the two public data sets adds the forecast)
	$(BIN)/python tests/benchmarks/extract_to_warehouse.py
	$(BIN)/python tests/benchmarks/kpi_layer.py
	$(BIN)/python tests/benchmarks/kpi_layer.py --url postgresql
	$(BIN)/python tests/benchmarks/calls_per_vendor.py
	$(if $(DATA),$(BIN)/python tests/benchmarks/forecast.py --data $(DATA))

faults: $(VENV)/.tests            ## Play every fault for every vendor (45 minutes on two cores) and print the results
	$(BIN)/python tests/faults/matrix.py
	SUPPORT_ETL_TEST_KILLS=20 $(BIN)/python -m pytest -n 0 tests/faults/test_kill.py

sbom: $(VENV)/.installed $(VENV)/audit/.installed  ## Write the bill of materials to sbom.json (CycloneDX)
	$(VENV)/audit/bin/cyclonedx-py environment --output-format JSON --output-file sbom.json $(BIN)/python

audit: $(VENV)/audit/.installed   ## Look up known vulnerabilities of the locked packages; needs the network
	$(VENV)/audit/bin/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip

lock: $(VENV)/bin/uv              ## Resolve constraints.txt again: versions and hashes of every installation
	$(BIN)/uv pip compile --quiet --upgrade --no-header --no-annotate --generate-hashes --extra dev --extra docs --extra audit --extra s3 --extra gcs --extra azure pyproject.toml -o constraints.txt

clean:                            ## Remove the environment and what the demo and the site wrote
	rm -rf $(VENV) .docs site landing reports warehouse.duckdb* .support_etl

$(VENV)/bin/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv

$(VENV)/.installed: $(VENV)/bin/uv pyproject.toml constraints.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e .
	touch $@

$(VENV)/.tests: $(VENV)/.installed
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[dev,docs]'
	touch $@

$(VENV)/audit/.installed: $(VENV)/bin/uv pyproject.toml constraints.txt
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) $(VENV)/audit
	$(BIN)/uv pip install --quiet --python $(VENV)/audit/bin/python -c constraints.txt cyclonedx-bom pip-audit
	touch $@
