# Two commands matter: `make demo` and `make test`. Both set up what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PYTHONPATH := tests:image
# Whatever the developer has exported must not change what is tested.
export PYTHONDONTWRITEBYTECODE :=
export GOFLAGS := -buildvcs=false

.DEFAULT_GOAL := help

.PHONY: help
help: ## say what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) from requirements.lock (about a minute the first time) ..."
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "'$(PYTHON) -m venv' failed; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: $(STAMP) ## the virtual environment and the Kubernetes binaries, both cached
	@$(BIN)/python -m cluster build

.PHONY: demo
demo: setup ## watch the operator at work on a real API server (KEEP=1 leaves it running)
	@$(BIN)/python -m demo $(if $(KEEP),--keep)

.PHONY: test
test: setup ## unit, contract and integration tests
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: images
images: setup ## the images that real nodes run, ours among them, both cached (as root on Debian)
	@$(BIN)/python -m cluster images

.PHONY: e2e
e2e: images ## real nodes, our image, packets and routes (as root on Debian; PROFILE=core is shorter)
	@$(BIN)/python -m $(if $(filter core,$(PROFILE)),pytest tests/e2e -m core,observe.sharding) $(ARGS)

.PHONY: parity
parity: setup ## compare 30000 verdicts with MetalLB's own (PARITY_SEED, PARITY_CASES)
	@$(BIN)/python -m support.parity $(if $(PARITY_SEED),--seed $(PARITY_SEED)) \
	  $(if $(PARITY_CASES),--cases $(PARITY_CASES))

.PHONY: bench-admission
bench-admission: setup ## time our webhooks beside MetalLB's (ARGS=--quick stops at 1,000 objects)
	@$(BIN)/python -m benchmarks.admission $(ARGS)

.PHONY: bench-lifecycle
bench-lifecycle: setup ## time install, repair, upgrade, removal (ARGS="--nodes 3 100" is quicker)
	@$(BIN)/python -m benchmarks.lifecycle $(ARGS)

.PHONY: image
image: $(STAMP) ## build the container image (IMAGE=name:tag; ARGS=--help has more)
	@$(BIN)/python -m metallb_image $(if $(IMAGE),--name $(IMAGE)) $(ARGS)

.PHONY: manifests
manifests: $(STAMP) ## write build/bundle: what installs an image of yours (IMAGE=name:tag)
	@$(BIN)/python -m metallb_operator.packaging --write --dir build $(if $(IMAGE),--image $(IMAGE))
	@echo "build/bundle/install/metallb-operator.yaml"

.PHONY: release
release: setup ## cut a release: VERSION=1.2.3 DIGESTS=file, then IMAGE=name:tag@digest once it is pushed
	@$(if $(IMAGE),$(BIN)/python -m metallb_operator.packaging.release finish $(VERSION) --image $(IMAGE),\
	  $(BIN)/python -m metallb_operator.packaging.release prepare $(VERSION) --digests $(DIGESTS))
	@$(MAKE) --no-print-directory generate
	@$(if $(IMAGE),$(BIN)/python -m metallb_operator.packaging.release record $(VERSION),\
	  echo "Now build and push the image of $(VERSION), then: make release VERSION=$(VERSION) IMAGE=NAME@DIGEST")

.PHONY: lint
lint: $(STAMP) ## formatting, lint rules, types, import layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@MYPYPATH=tests $(BIN)/mypy --explicit-package-bases -p benchmarks -p cluster -p demo -p observe -p metallb_image -p support
	@$(BIN)/lint-imports

.PHONY: format
format: $(STAMP) ## rewrite the code as `make lint` wants it
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: generate
generate: setup ## rewrite every generated file (CRDs, docs, chart docs, bundle)
	@$(BIN)/python tests/support/generated.py --write

.PHONY: lock
lock: $(STAMP) ## pin the dependencies anew
	@$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-header --extra dev --output-file requirements.lock pyproject.toml

.PHONY: clean
clean: ## remove what was set up here (the binary cache stays)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
