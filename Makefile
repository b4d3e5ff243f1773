# Noise Before Data. `make` alone lists what can be made.

VENV        ?= .venv
PYTHON      ?= python3
TORCH_INDEX ?=
PROFILE     ?= quick
DEVICE      ?= cpu
PORT        ?= 8000
SAMPLE      ?=
export SITE_URL ?=
export CHROMIUM ?=

PY        := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
SITE      := build/site/index.html
CHAPTERS  := $(sort $(wildcard book/*.ipynb))
EXECUTED  := $(CHAPTERS:book/%=build/executed/%)
# What a chapter's results depend on, beside the chapter itself.
CODE      := $(shell find fa_core book/results benchmarks/results -type f -not -path '*/__pycache__/*' 2>/dev/null)
# book/images holds what README shows, and no page of the book.
PAGES     := _config.yml _toc.yml $(shell find book -type f -not -name '.*' -not -name '*.ipynb' \
             -not -path 'book/images/*')

# A figure must be drawn by the notebook's own backend, and a kernel must be this environment's.
unexport MPLBACKEND
export JUPYTER_PATH := $(abspath $(VENV))/share/jupyter

.PHONY: help install book pdf results verify stored test lint bench links serve repository clean FORCE
.DELETE_ON_ERROR:

help:
	@echo "make install   the environment in $(VENV), and nothing else"
	@echo "make book      run every chapter and build the book"
	@echo "make pdf       the book as one file for printing; needs Chromium"
	@echo "make test      lint, unit tests, notebooks, and the built book in a browser"
	@echo "make lint      ruff, mypy and codespell alone"
	@echo "make bench     speed beside a plain loop and the machine's limit; writes benchmarks/results/"
	@echo "make links     ask every address outside the book whether it still answers"
	@echo "make results   compute every experiment at the paper's sizes into book/results/; goes on if interrupted"
	@echo "make verify    compute one network of every part of those tables again, and compare; about two hours"
	@echo "make stored    keep in book/ the outputs that tests compare and README's picture, after an edit"
	@echo "make serve     show the built book on port $(PORT) of this computer"
	@echo "make repository URL=https://github.com/OWNER/NAME   set the address in every file"
	@echo "make clean     remove build/; the environment stays"
	@echo
	@echo "VENV=$(VENV)        where the environment lies"
	@echo "PYTHON=$(PYTHON)    the Python 3.11, 3.12 or 3.13 that makes it"
	@echo "TORCH_INDEX=        a package index for torch; PyTorch's CPU index spares a GPU download"
	@echo "PROFILE=$(PROFILE)     quick (seconds on a laptop) or paper (the paper's sizes)"
	@echo "DEVICE=$(DEVICE)        where chapters compute: cpu or cuda"
	@echo "SAMPLE=             how many parts, drawn at random, make verify takes; all if it is empty"
	@echo "SITE_URL=           the address the book will have; pages then name it as theirs"
	@echo "CHROMIUM=           the browser for tests and PDF, if not chromium on the path"
	@echo "PORT=$(PORT)         where make serve listens"

install: $(INSTALLED)

# The stamp comes last: an interrupted installation is taken up again by the next call.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit(\
	"Python 3.11, 3.12 or 3.13 is needed; name one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check --constraint constraints.txt \
	  $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) --editable '.[book,test]'
	@touch $@

# Rewritten only when a setting changes: chapters then run again, or pages are built again.
SETTINGS := $(PROFILE) $(DEVICE)
build/settings build/address: FORCE
	@mkdir -p build
	@echo '$(SETTINGS)' | cmp -s - $@ || echo '$(SETTINGS)' > $@
build/address: SETTINGS := $(SITE_URL)

# Parameters show on the page as a cell of their own, so only those that differ are passed.
PARAMETERS := $(if $(filter-out quick,$(PROFILE)),-p profile $(PROFILE)) \
              $(if $(filter-out cpu,$(DEVICE)),-p device $(DEVICE))

# Written under another name first: an interrupted run leaves no half notebook behind.
build/executed/%.ipynb: book/%.ipynb $(CODE) build/settings $(INSTALLED)
	@mkdir -p $(@D)
	$(PY) -m papermill --kernel python3 --cwd book $(PARAMETERS) $< $(@D)/part-$(@F)
	@mv $(@D)/part-$(@F) $@

$(SITE): $(EXECUTED) $(PAGES) build/address $(INSTALLED)
	$(PY) tools/build.py site $(EXECUTED)

book: $(SITE)
	@$(PY) tools/build.py report $(EXECUTED)

pdf: $(SITE)
	$(PY) tools/build.py pdf $(EXECUTED)

# An experiment's table is kept if its declared version and configuration are the same, else
# replaced.
results: $(INSTALLED)
	$(VENV)/bin/fa-core run all --profile paper --device $(DEVICE) --store book/results --replace

# SAMPLE=3 verifies so many parts, drawn at random.
verify: $(INSTALLED)
	$(VENV)/bin/fa-core verify --store book/results $(if $(SAMPLE),--sample $(SAMPLE))

stored: $(EXECUTED)
	$(PY) tools/build.py store $(EXECUTED)

lint: $(INSTALLED)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m codespell_lib

# Two workers, which tests/conftest.py keeps busy to the end; each computes with one thread.
test: lint
	$(PY) -m pytest -n 2 --no-loadscope-reorder

bench: $(INSTALLED)
	$(PY) -m benchmarks --device $(DEVICE)

links: $(SITE)
	$(PY) tools/links.py build/site

serve: $(SITE)
	$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory build/site

# Asks for no environment: a workflow calls it first.
repository:
	@$(PYTHON) tools/repository.py '$(URL)'

clean:
	rm -rf build
