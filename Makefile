# Everything here works on a fresh machine with Python 3.10 or newer and make.
# Another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
STAMP := $(VENV)/.installed

.PHONY: demo test lint coverage wheel matrix newest examples clients relay docs bench

# By uv, in a quarter of pip's time; by pip where that fails, as where only pip knows which index to use.
INSTALLED := --editable ".[pytest,relay]" --group dev
$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" "uv>=0.5"
	$(BIN)/python -m uv pip install --quiet --python $(BIN)/python $(INSTALLED) || $(BIN)/python -m pip install --quiet $(INSTALLED)
	touch $(STAMP)

# The example application's tests against the fake Sentry, with what was captured; one fails on purpose.
demo: $(STAMP)
	$(BIN)/python examples/demo.py

# All tests of the main version.
PYTEST := $(BIN)/pytest
CHOSEN := not clients and not types
FILES :=
test: $(STAMP)
	$(PYTEST) -n auto -m "$(CHOSEN)" $(FILES)

# Style and types: of the packages and tests, and of what users write.
lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=benchmarks:benchmarks/suites $(BIN)/mypy benchmarks/*.py benchmarks/suites/*.py
	$(BIN)/pytest -q -n 0 -m types tests/typing

# `make test` in two parts. In the first, lines and branches of both packages are counted, in child processes too; then
# the facade's for streamed spans. Fails below the bar in pyproject.toml, which also says what is left out and why.
# By `coverage run`: pytest imports this project's plugin before pytest-cov could count.
COUNTED := $(BIN)/coverage run -m pytest
UNCOUNTED = $(shell grep -rl --include='*.py' 'mark\.uncounted' tests examples/checkout)
STREAMED := $(addprefix tests/facade/test_,nesting.py handles.py traces.py naming.py)
coverage: $(STAMP)
	$(BIN)/coverage erase
	$(MAKE) test PYTEST="$(COUNTED)" CHOSEN="$(CHOSEN) and not uncounted"
	$(MAKE) test CHOSEN="$(CHOSEN) and uncounted" FILES="$(UNCOUNTED)"
	SENTRYINTEGRATION_TEST_MODE=stream $(COUNTED) -q -n auto $(STREAMED)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# The wheel as users install it, tested on the newest interpreter in a folder without the sources.
wheel: $(STAMP)
	$(BIN)/nox -s wheel

# The other SDKs, each on one of the other interpreters that are installed here; says which it skipped.
matrix: $(STAMP)
	$(BIN)/nox

# Relay's own integration tests, which come with the sources of sentry-relay, against the fake Sentry.
relay: $(STAMP)
	$(BIN)/nox -s relay

# The newest sentry-sdk of the package index, release and pre-release, where `make test` and `make matrix` have not run on it.
newest: $(STAMP)
	$(BIN)/nox -s newest

# The small applications of examples/, in both span modes.
examples: $(STAMP)
	$(BIN)/nox -s examples

# Real clients: @sentry/node, a browser, sentry-cli, raven, OpenTelemetry. Needs npm and chromium.
clients: $(STAMP)
	$(BIN)/nox -s clients

# The site of docs/, in build/site, without a warning; and its Markdown, with llms.txt, beside the pages.
docs: $(STAMP)
	$(BIN)/nox -s docs

# The bars of the design, measured side by side; writes the tables of docs/benchmarks.md.
bench: $(STAMP)
	$(BIN)/python benchmarks/run.py
