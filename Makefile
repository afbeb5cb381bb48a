# `make quickstart` and `make test` do all of their own set-up, with a Python
# that .ci/python finds, or with the one that PYTHON names.

BIN := .venv/bin
PAGE := ram_tf_web/page

# Huge pages: 5% more speed in training, and reads from large images cost less.
export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1

.PHONY: quickstart test test_slow lint docs benchmarks served_models web clean

quickstart: .venv/runtime
	$(BIN)/python -m trainers.mnist --flagfile=quickstart.flags

# In parts, because what XLA has compiled stays in the workers' memory. There may be
# no test of those that PYTEST_ARGS names in one (5).
PYTEST = $(BIN)/python -m pytest -n 2 --dist loadfile

# The tests of the page need npm, and are skipped where there is none.
TESTED = .venv/development $(if $(shell command -v npm),$(PAGE)/node_modules)

# Nine tests of ten, within a quarter of an hour.
test: lint $(TESTED)
	$(PYTEST) -m "not slow" --part=1/2 $(PYTEST_ARGS) || [ $$? = 5 ]
	$(PYTEST) -m "not slow" --part=2/2 $(PYTEST_ARGS) || [ $$? = 5 ]

# The others, which train, compile or start much. They take far longer.
test_slow: $(TESTED)
	$(PYTEST) -m slow --part=1/2 $(PYTEST_ARGS) || [ $$? = 5 ]
	$(PYTEST) -m slow --part=2/2 $(PYTEST_ARGS) || [ $$? = 5 ]

lint: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy ram_tf

# The site, in docs/_build; a reference that leads nowhere is an error.
docs: .venv/documentation
	$(BIN)/python -m sphinx -q -n -W --keep-going docs docs/_build
	@echo "The site is docs/_build/index.html."

# With nothing else running; half an hour or so. DATA_DIR is TFDS's.
benchmarks: .venv/runtime
	$(BIN)/python -m benchmarks.training --out=benchmarks/results/training.json
	$(BIN)/python -m benchmarks.image_size \
	    --out=benchmarks/results/image_size.json --plot=docs/image_size.png
	$(BIN)/python -m benchmarks.large_images \
	    --out=benchmarks/results/large_images.json
	$(BIN)/python -m benchmarks.readers \
	    --out=benchmarks/results/readers.json
	$(BIN)/python -m benchmarks.device \
	    --out=benchmarks/results/device.json --plot=docs/device.png
	$(BIN)/python -m benchmarks.searching \
	    --out=benchmarks/results/searching.json
	$(BIN)/python -m benchmarks.searching --model=find \
	    --out=benchmarks/results/searching_photographs.json
	$(BIN)/python -m benchmarks.fit --out=benchmarks/results/fit.json
	$(BIN)/python -m benchmarks.serving --out=benchmarks/results/serving.json
	$(BIN)/python -m benchmarks.agreement --pretrained=cluttered \
	    --out=benchmarks/results/agreement.json \
	    $(if $(DATA_DIR),--data_dir=$(DATA_DIR))
	$(BIN)/python -m benchmarks.startup --out=benchmarks/results/startup.json \
	    $(if $(DATA_DIR),--data_dir=$(DATA_DIR))

# A version of every released model, for serving/compose.yaml.
served_models: .venv/runtime
	$(BIN)/python -c "import ram_tf; print(*ram_tf.pretrained.NAMES)" \
	    | xargs -n 1 | xargs -I NAME $(BIN)/python -m trainers.export \
	    --pretrained=NAME --out=serving/models

# Needs npm, for LiteRT.js.
web: .venv/runtime $(PAGE)/node_modules
	$(BIN)/python -m trainers.web --pretrained=cluttered --out=web/dist --serve

$(PAGE)/node_modules: $(PAGE)/package-lock.json
	npm ci --prefix $(PAGE) --no-audit --no-fund
	touch $@

.venv/runtime: requirements.txt
	python=$$(.ci/python) && "$$python" -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

.venv/documentation: requirements-docs.txt .venv/runtime
	$(BIN)/pip install --quiet --requirement requirements-docs.txt
	touch $@

.venv/development: requirements-dev.txt requirements-docs.txt .venv/runtime
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	touch $@

clean:
	rm -rf .venv runs web/dist docs/_build $(PAGE)/node_modules
