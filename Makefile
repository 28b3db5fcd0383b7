# Everything runs from .venv, which is built from hash-locked requirements.
PYTHON ?= python3
PORT   ?= 8000
BIN    := .venv/bin
PAGES  := src/reseller_webhooks/http/pages
LOCALE := $(PAGES)/locale
TEXTS  := src/reseller_webhooks/core/health/condition_texts.py src/reseller_webhooks/core/webhooks/settings.py \
          src/reseller_webhooks/core/messages src/reseller_webhooks/mail
GENERATORS := tests/generators
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: run install dev fast test coverage tools generators check format bench attack chaos drill hops upgrade simulate converge screenshots catalogue errors lock clean
.DEFAULT_GOAL := run

run: .venv/installed        ## the demo: a sample reseller, a local receiver and a sign-in link
	$(BIN)/reseller-webhooks demo --port $(PORT)

install: .venv/installed
dev: .venv/installed-dev

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make run PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

fast: dev                   ## tests that need no other program, whole service or web application
	$(BIN)/pytest -m fast -n 2 --dist worksteal

test: dev                   ## every test
	$(BIN)/pytest -n 4 --dist loadfile

coverage: dev               ## every test, and the share of lines and branches that they run
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 4 --dist loadfile
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

tools: .venv/installed      ## linters and generators that tests/generators runs, where Node.js and Java are
	test -x $(GENERATORS)/.venv/bin/python || $(PYTHON) -m venv $(GENERATORS)/.venv
	$(GENERATORS)/.venv/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r $(GENERATORS)/requirements.txt
	if command -v npm >/dev/null; then npm ci --prefix $(GENERATORS) --ignore-scripts --no-audit --no-fund --loglevel=error; fi
	if command -v mvn >/dev/null; then mvn --quiet --batch-mode --file $(GENERATORS)/pom.xml dependency:copy-dependencies; fi

generators: dev tools       ## every linter and generator of OpenAPI, the Java client compiled too
	COMPILE_JAVA=1 $(BIN)/pytest -n 0 $(GENERATORS)

check: dev                  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What follows in `make bench size` are names of benches.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
BENCHES := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
.PHONY: $(BENCHES)
$(BENCHES):
	@:
endif

bench: dev                  ## speed, as ratios to a bare loop in the same run: make bench, make bench size SCALE=1
	$(BIN)/python -m bench $(BENCHES)

chaos: dev                  ## kill -9 and worse under load, on both databases; prints what was lost
	$(BIN)/python -m bench.chaos
	$(BIN)/python -m bench.cluster_chaos

attack: dev                 ## hostile callers on loopback, what others felt: make attack ONLY="sign_in pipelines" DATABASE=postgres
	$(BIN)/python -m attack $(if $(filter postgres,$(DATABASE)),--postgres) $(ONLY)

drill: dev                  ## incidents of production on real parts, then every promise asked: make drill ONLY=proxy
	$(BIN)/python -m chaos.drill $(ONLY)

hops: dev                  ## how many files the main trips through the program touch
	$(BIN)/python -m bench.hops

upgrade: dev                ## an earlier version and this one side by side, on a real PostgreSQL
	$(BIN)/python -m bench.upgrade

simulate: dev               ## the engine on a virtual clock, thousands of seeds: make simulate SEEDS=2000
	$(BIN)/python -m tests.simulation run $(or $(SEEDS),2000)

converge: dev               ## break everything between the platform and a mirror; prove them equal
	$(BIN)/python -m bench.converge
	$(BIN)/python -m bench.restores

screenshots: dev            ## the pictures of the README and docs
	$(BIN)/python -m bench.screenshots

catalogue: dev              ## the texts of the pages, into the catalogue and every language's file
	$(BIN)/pybabel -q extract -F pyproject.toml -k N_ -k Plural:1,2 --add-location=file --sort-by-file --width 100 --project "Reseller Webhooks" --copyright-holder "Reseller Webhooks" --msgid-bugs-address "" -o $(LOCALE)/messages.pot $(PAGES) $(TEXTS)
	sed -i '/POT-Creation-Date/d' $(LOCALE)/messages.pot
	$(BIN)/pybabel -q update -N --ignore-pot-creation-date --ignore-obsolete --width 100 -i $(LOCALE)/messages.pot -d $(LOCALE)

errors: dev                 ## docs/errors.md, from the tables of problems and messages
	$(BIN)/python -m reseller_webhooks.http.edge.error_reference > docs/errors.md

lock:                       ## needs uv; writes no address of a package index
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group build pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group build --group dev --extra nats -c requirements.txt pyproject.toml -o requirements-dev.txt
	echo "nats-py>=2.11" | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements-dev.txt - -o requirements-nats.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
