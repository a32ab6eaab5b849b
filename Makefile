# make demo    the main job, from sample images to a classified folder
# make test    everything that must hold: style, types, architecture, manifest, docs, tests
# make quick   the same without windows, without Keras and without what takes long: two minutes
#
# All make their own virtual environment in .venv, and on a Debian without a desktop fetch the few
# system libraries that Qt and OpenGL need.

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)
BIN = .venv/bin
READY = .venv/ready
# A real window, on a screen of its own where there is none.
WINDOW = $(if $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname -s)),,xvfb-run -a -s "-screen 0 1600x1000x24")
DATA ?= ../shared/data
# Seconds that each of the fuzzers looks for.
FUZZ ?= 1800

.PHONY: demo test pytest quick docs lint structure check-wheel bench accuracy simulations cycles labelling fuzz faults screenshots build clean

demo: $(READY)
	$(BIN)/napari-image-classifier demo --output demo

# The tests run beside the rest, which keeps one core busy only.
test: $(READY)
	$(MAKE) -j 2 docs pytest lint

# Two at a time: most tests wait for a network or a window on one core.
pytest: $(READY)
	$(WINDOW) $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

quick: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not window and not keras and not long"

# Pages and reference as HTML in build/docs; a link that leads nowhere is an error.
docs: $(READY)
	rm -rf build/docs docs/generated
	$(BIN)/python -m sphinx -q -W --keep-going -c docs -b html . build/docs

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/structure.py --quiet
	$(BIN)/python tools/check_docstrings.py
	$(BIN)/npe2 validate napari-image-classifier

# Packages, their sizes and the imports between them.
structure: $(READY)
	$(BIN)/python tools/structure.py

bench: $(READY)
	$(BIN)/python -m pip install --quiet opencv-python-headless openvino
	$(WINDOW) $(BIN)/python benchmarks/bench.py --data $(DATA) --json benchmarks/results.json $(BENCH)
	$(WINDOW) $(BIN)/python benchmarks/viewer_ticks.py

# Trains on real images with human annotations: about an hour on two cores.
accuracy: $(READY)
	$(BIN)/python benchmarks/translocation.py $(DATA)/translocation
	$(BIN)/python benchmarks/translocation_cells.py $(DATA)/translocation
	$(BIN)/python benchmarks/mitocheck_folds.py $(DATA)/mitocheck

# Thousands of studies of persons and machines, and of raters, for each design: three minutes.
simulations: $(READY)
	$(BIN)/python benchmarks/comparison_simulations.py
	$(BIN)/python benchmarks/agreement_coverage.py

# Viewers opened and closed in one process, then one killed while a network learns: ten minutes.
cycles: $(READY)
	$(WINDOW) $(BIN)/python benchmarks/viewer_cycles.py
	VIEWER_NETWORK=1 $(WINDOW) $(BIN)/python -m pytest tests/end_to_end/test_viewer_life.py

# Labelling in a real window, killed and timed; then what the order of labels is worth (an hour).
labelling: $(READY)
	$(WINDOW) $(BIN)/python benchmarks/labelling_session.py $(DATA)
	$(BIN)/python benchmarks/teaching_curve.py $(DATA)/mitocheck

# The short round of these is part of make test.
fuzz: $(READY)
	FUZZ_SECONDS=$(FUZZ) $(BIN)/python -m pytest -s tests/fuzz --timeout 14400
	SPLIT_EXAMPLES=1000 $(BIN)/python -m pytest tests/items/test_split_properties.py --timeout 7200
	OBJECT_EXAMPLES=1000 $(BIN)/python -m pytest tests/items/test_crops.py --timeout 7200

# Everything is killed wherever it writes, and its disk filled and broken: an hour.
faults: $(READY)
	$(BIN)/python benchmarks/kill_points.py
	$(BIN)/python benchmarks/ten_thousand_files.py

screenshots: $(READY)
	$(WINDOW) $(BIN)/python docs/make_screenshots.py
	$(WINDOW) $(BIN)/python docs/make_object_screenshots.py
	$(WINDOW) $(BIN)/python docs/make_study_screenshots.py
	$(WINDOW) $(BIN)/python docs/make_file_screenshots.py

# The wheel is built from the sdist.
build: $(READY)
	rm -rf dist
	$(BIN)/python -m build

check-wheel: build
	rm -rf build/wheel
	$(BIN)/python -m pip install --quiet --no-deps --target build/wheel dist/*.whl
	$(BIN)/python tools/check_wheel.py build/wheel

clean:
	rm -rf .venv build dist demo docs/generated .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(READY): pyproject.toml napari.yaml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found."; exit 1; }
	PYTHON=$(PYTHON) tools/system_libraries.sh
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[all,dev]"
	touch $(READY)
