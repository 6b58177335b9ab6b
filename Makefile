# Every target with a `##` is listed by `make`, which does nothing else.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Arguments for the command that a target runs: make test-fast ARGS="-k privacy"
ARGS ?=

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## Try it out: set up, train if the training data changed, start Enlace; Ctrl-C stops it
	@exec .venv/bin/python -m tests.cloud_api.demo $(ARGS)

.PHONY: setup
setup: ## Make or update both environments, .venv and .venv-rasa
	@scripts/setup

# The tools that checks and tests need on top of that.
.PHONY: tools
tools:
	@scripts/setup --dev

.PHONY: train
train: setup ## Train Rasa, and build search and the safety net, if their data changed
	.venv/bin/enlace train $(ARGS)

.PHONY: vectors
vectors: setup ## Make the vectors that come with the project anew: after enlace tune, or many new texts (minutes)
	.venv/bin/python scripts/ship_vectors.py

.PHONY: check
check: tools ## Check style, types, imports, content and catalogs
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo --no-cache
	scripts/check-nlu
	.venv/bin/enlace content check
	scripts/catalogs --check

.PHONY: test-fast
test-fast: tools ## Run the tests that need no model, Rasa, PostgreSQL or browser
	scripts/test --fast $(ARGS)

.PHONY: test
test: check ## Run every check and every test
	@.venv/bin/enlace train # on both cores, rather than in the first test that needs it
	scripts/test $(ARGS)

.PHONY: bench
bench: tools ## Measure speed and memory, and print the tables
	.venv/bin/python -m benchmarks $(ARGS)

.PHONY: evaluate
evaluate: setup ## Ask every held-out question, and print how many were answered right
	.venv/bin/enlace evaluate $(ARGS)

.PHONY: catalogs
catalogs: setup ## Extract the messages, update the translation catalogs and compile them
	scripts/catalogs

.PHONY: lock
lock: setup ## Write requirements/*.txt from the .in files; ARGS=--upgrade takes newer versions
	scripts/lock $(ARGS)

.PHONY: clean
clean: ## Remove what can be made again: environments, models, caches; the databases in var/ stay
	rm -rf .venv .venv-rasa .tools .rasa var/cache *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f locales/*/LC_MESSAGES/*.mo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
