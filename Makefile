# Everything here needs Python 3.11 or newer with venv, and make. `make help` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
TESTS ?= tests
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help up code check test faults bench simulate contracts compose-test lock upgrade environment environment-dev

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The supervisor is bound to this make: it stops everything when make ends, however make ends.
up: environment ## run the whole system on this machine; PORT=8080, STAFF_PORT=8081, DATA_DIR=.data
	@exec $(BIN)/python deploy/local/tether.py $$PPID 15 - $(BIN)/python -m deploy.local

code: environment ## what a demo account's telephone shows now; LOGIN=manager
	@$(BIN)/python -m deploy.local run accounts demo-code $(LOGIN) --kept $(abspath $(or $(DATA_DIR),.data))/demo-accounts.json

check: environment-dev ## style, types, imports, and whether the locks are current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m deploy.local.locks check

# Where there is no browser and none can be had, tests/conftest.py leaves its tests out and says so.
test: environment-dev ## all tests but those under Compose; TESTS=tests/unit for some; REQUIRE_BROWSER=1
	@$(BIN)/python -m deploy.local.programs browser || [ "$$REQUIRE_BROWSER" != 1 ]
	$(BIN)/python -m pytest $(TESTS)

faults: environment-dev ## many more random lives of cases than `make test` lives; LIVES=2000
	@CASES_LIVES=$(or $(LIVES),2000) $(BIN)/python -m pytest tests/integration/test_cases_lives.py -q

bench: environment-dev ## figures of speed and size, a JSON line each
	@$(BIN)/python -m deploy.local.programs load
	@$(BIN)/python -m tests.bench

simulate: environment-dev ## a busy service day, 60 times as fast, and whether everything agrees after it; OF=.data
	@$(BIN)/python -m tests.simulation $(if $(OF),--folder $(OF))

contracts: environment-dev ## write schemas and API documents anew, unless a consumer could not read the change
	$(BIN)/python -m tests.contracts.export

compose-test: environment-dev ## the whole system under Docker Compose; needs `docker info`
	$(BIN)/python -m pytest tests/compose

lock: environment-dev ## write the locks of Python packages and of Kafka's jars
	$(BIN)/python -m deploy.local.locks write

upgrade: environment-dev ## the same with the newest versions that pyproject.toml allows
	$(BIN)/python -m deploy.local.locks upgrade

environment:
	@$(PYTHON) deploy/local/prepare.py local

environment-dev:
	@$(PYTHON) deploy/local/prepare.py dev
