# `make` shows what there is. PYTHON names the interpreter that makes .venv; FULLCIRCLE_<NAME>_PORT moves a port.
PYTHON ?= python3
BIN := .venv/bin
LAUNCHER := $(BIN)/python -m deploy.launcher
PYTEST_ARGS ?=
TEST_PROCESSES ?= 2

.DEFAULT_GOAL := help
.PHONY: help install demo outage audit faults faults-all up down addresses token clean-state test test-pages test-gateway bench bench-intake bench-routing lint format lock

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Make .venv with everything locked in it (the other commands do this first)
	@$(PYTHON) deploy/launcher/install.py

demo: install ## Play the whole circle in a world of its own; KEEP=1 plays it in this clone's and leaves that running
	@$(BIN)/python -m deploy.demo $(if $(KEEP),--keep)

outage: install ## Stop Kafka under running services, keep posting, start it again, and count
	@$(BIN)/python -m deploy.demo.outage

audit: install ## Decide by evidence alone which promises were kept by what runs; EVIDENCE=folder adds what witnesses wrote down
	@$(BIN)/python -m deploy.auditor $(if $(EVIDENCE),--testimony "$(EVIDENCE)") $(AUDIT_ARGS)

up: install ## Start PostgreSQL, Kafka, the issuer and the four services, and leave them running
	@$(LAUNCHER) up

down: install ## Stop what `make up` started; its data stays
	@$(LAUNCHER) down

addresses: install ## Print where everything that runs is, as one line of JSON (make -s addresses)
	@$(LAUNCHER) addresses

token: install ## Print a bearer token: make token ROLE=rep REP=rep-017 SUB=alice
	@$(LAUNCHER) token --role="$(ROLE)" --rep="$(REP)" --sub="$(SUB)"

clean-state: install ## Delete this clone's databases, events, keys and logs
	@$(LAUNCHER) clean-state

faults: install ## Break something under load and audit what is left: make faults ONLY=F8 SEED=7; SHORT=1 takes seconds
	@$(BIN)/python -m tests.faults --seed $(or $(SEED),7) $(if $(ONLY),--only $(ONLY)) $(if $(SHORT),--short)

faults-all: install ## Every fault in turn, with a table at the end; RESULTS=file goes on where an earlier run ended
	@$(BIN)/python -m tests.faults --seed $(or $(SEED),7) --results $(or $(RESULTS),faults-$(or $(SEED),7).jsonl)

test: install ## Run every test, on PostgreSQL and Kafka of its own; TEST_PROCESSES=4 shares the files among four
	@$(BIN)/python -m pytest -m "not page and not gateway and not alone" --numprocesses=$(TEST_PROCESSES) --dist=loadfile $(PYTEST_ARGS)
	@$(BIN)/python -m pytest -m alone $(PYTEST_ARGS)

test-pages: install chromium ## Run the tests of the page in a real Chromium
	@$(BIN)/python -m pytest -m page tests/pages $(PYTEST_ARGS)

.PHONY: import
import: install ## Import a CSV or NDJSON file, or go on with it: make import FILE=directory.csv KIND=contacts INTAKE=http://...
	@test -n "$(FILE)" || { echo "Name a file: make import FILE=directory.csv KIND=contacts (or engagements)" >&2; exit 2; }
	@$(BIN)/python -m deploy.importing "$(FILE)" --kind "$(or $(KIND),contacts)" --intake "$(INTAKE)" $(if $(FLAGS),--flags "$(FLAGS)")

.PHONY: eval-adapters
eval-adapters: install ## Print what we make of real webhook bodies: make eval-adapters DIR=<folder of platforms' folders>
	@test -n "$(DIR)" || { echo "Name a folder of platforms' folders: make eval-adapters DIR=..." >&2; exit 2; }
	@$(BIN)/python -m intake.evaluation "$(DIR)"

.PHONY: chromium
chromium: # Debian's, installed if it is missing and we may
	@command -v chromium >/dev/null || [ "$$(id -u)" != 0 ] || (apt-get -qq update && \
	  DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium fonts-liberation) >/dev/null
	@command -v chromium >/dev/null || { echo "test-pages needs Chromium: install your system's package chromium." >&2; exit 1; }

test-gateway: install nginx ## Run the tests of the gateway on a real nginx
	@$(BIN)/python -m pytest -m gateway tests/gateway $(PYTEST_ARGS)

.PHONY: nginx
nginx: # Debian's, likewise, without starting what its package would serve
	@PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || [ "$$(id -u)" != 0 ] || (apt-get -qq update && \
	  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends nginx-light) >/dev/null
	@PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || { echo "test-gateway needs nginx: install your system's package nginx." >&2; exit 1; }

bench: install ## Take the performance figures, or those named: make bench ONLY="P1 P4"; each is one line at the end
	@$(BIN)/python -m tests.bench $(ONLY)

bench-intake: install ## Take intake's own figures (about half an hour): make bench-intake ONLY="rates arrays"
	@$(BIN)/python -m tests.bench --intake $(ONLY)

bench-routing: install ## Take routing's own figures (about half an hour): make bench-routing ONLY="consumer simulation"
	@$(BIN)/python -m tests.bench --routing $(ONLY)

lint: install ## Check style and types
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy .

format: install ## Rewrite the code in the one style
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .

lock: install ## Resolve the Python packages and Kafka's jars anew and lock them by hash
	@$(BIN)/python -m deploy.launcher.lock
