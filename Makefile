# Every target with a "##" is explained by `make` alone.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup run test faults bench evaluate fuzz retrain check format pages locks clean

# The interpreter is looked for only when something needs it, so that `make` alone always works.
PREPARE = python=$$(PYTHON="$(PYTHON)" tools/find-python) && "$$python" -I tools/prepare.py

help: ## Show this list
	@echo "Huying: chatbot and multichannel intake gateway of a city's 12345 hotline"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
	@echo "Settings: environment variables HUYING_… (README.md); another Python: make PYTHON=/path/to/python3.11"

setup: ## Prepare everything without starting it: environments, assets, the Rasa model
	@$(PREPARE) all

run: setup ## Prepare and start the whole system: make run [CITY=pingdingshan]; Ctrl-C stops it
	@exec env $(if $(CITY),HUYING_CITY=$(CITY)) .venv/bin/huying run

test: setup ## Prepare and run every test, in two processes; WORKERS=4 takes more
	@$(PREPARE) browser
	.venv/bin/pytest -n $(or $(WORKERS),2) --dist loadfile $(PYTEST_ARGS)

faults: setup ## Kill and pause parts under load, longer than `make test` does; FAULTS_ARGS="--messages 50000 --seed 7"
	.venv/bin/python -P -m tests.faults $(FAULTS_ARGS)

bench: setup ## Measure CPU and times beside a full Rasa dialogue, into docs/performance.md; BENCH_ARGS="--seconds 60"
	.venv/bin/python -P -m tests.bench $(BENCH_ARGS)
	.venv/bin/python -P -m tests.bench.inbox
	.venv/bin/python -P -m tests.bench.screens
	.venv/bin/python -P -m kb.comparing
	.venv/bin/python -P -m kb.comparing --questions tests/evaluation/kb_*.yaml --city pingdingshan
	.venv/bin/python -P -m tests.bench.changes

check: setup ## Look at the code: ruff, mypy --strict, import contracts, known weaknesses (AUDIT=strict fails on one)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/python tools/advisories.py $(if $(filter strict,$(AUDIT)),--strict)

evaluate: setup ## Measure the two screens, the reply gate and the proposing of units, into docs/evaluation.md
	.venv/bin/python -P -m tools.evaluate_replies
	.venv/bin/python -P -m tools.evaluate $(or $(CITY),$(HUYING_CITY),pingdingshan)
	.venv/bin/python -P -m tools.evaluate_routing

fuzz: setup ## Screen a million mutated messages: no exception, no slow case; FUZZ_ARGS="--texts 10000 --seed 7"
	.venv/bin/python -P -m tools.fuzz $(FUZZ_ARGS)

retrain: setup ## Learn a city's own examples too and compare before they replace; RETRAIN_ARGS="own.jsonl --adopt"
	.venv/bin/python -P -m cities.retraining $(RETRAIN_ARGS)

format: setup ## Lay out the code as `make check` wants it
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

pages: setup ## Write the pages that are made from the law and the tests: docs/conformance.md, docs/promises/
	.venv/bin/python -m tools.conformance
	.venv/bin/python -m tools.promises

locks: ## Make the Python locks again after a change of pyproject.toml; UPGRADE=1 takes newer versions
	@$(PREPARE) locks $(if $(UPGRADE),--upgrade)

clean: ## Remove environments, assets and the Rasa model; the data under .local/<city> stays
	rm -rf .venv .rasa-venv .tools node_modules .local/rasa-model cities/common/hearing.json .local/*.prepared .local/prepare.log
