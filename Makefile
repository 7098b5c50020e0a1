# `make` lists the targets. Everything is made on the way: the environment in .venv, the programs in the cache folder.
PYTHON ?= python3
WORKERS ?= 3
N ?= 10000
ARGS ?=

# A cluster of your own is used only when it is named: make demo KUBECONFIG=~/.kube/config
ifeq ($(origin KUBECONFIG),command line)
CLUSTER = --kubeconfig $(KUBECONFIG)
endif

BIN := .venv/bin
READY := .venv/.ready
SOURCES := operator hack tests $(wildcard benchmarks)

.DEFAULT_GOAL := help
.PHONY: help demo up down test check bench generate format controlplane

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

demo: $(READY) ## show the main job on a control plane of its own, then stop everything
	@$(BIN)/python hack/demo.py show $(CLUSTER)

up: $(READY) ## start a control plane and the operator and leave them running
	@$(BIN)/python hack/demo.py up $(CLUSTER)

down: $(READY) ## stop what `make up` started
	@$(BIN)/python hack/demo.py down

test: $(READY) ## run all tests, or some: make test ARGS="-k seats"
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

check: $(READY) ## formatting, lint, types, architecture, generated files, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hack/lengths.py $(SOURCES)
	$(BIN)/tenantry crds --check crds
	$(BIN)/tenantry crds --check helm/tenantry/files/crds
	$(BIN)/python hack/reasons.py --check
	$(BIN)/python hack/openapi.py --check
	$(BIN)/tenantry db check

bench: $(READY) ## measure the bars of the design: make bench N=3000, where the CPU goes: make bench ARGS=--profile
	PYTHONPATH=hack $(BIN)/python -m benchmarks --users $(N) $(ARGS)

generate: $(READY) ## write the CRDs, the page of reasons and the OpenAPI document from the code
	$(BIN)/tenantry crds --write crds
	$(BIN)/tenantry crds --write helm/tenantry/files/crds
	$(BIN)/python hack/reasons.py
	$(BIN)/python hack/openapi.py

format: $(READY) ## format, and fix what can be fixed
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

controlplane: $(READY) ## build the pinned control plane now, once, into the cache folder
	PYTHONPATH=hack $(BIN)/python -m controlplane build

$(READY): pyproject.toml uv.lock hack/bootstrap.py
	@$(PYTHON) hack/bootstrap.py
	@touch $@
