"""What must never be imported where."""

import subprocess
import sys

from helpers.paths import REPOSITORY

HEAVY = ("napari", "qtpy", "PyQt6", "PySide6", "keras", "tensorflow", "torch", "pandas", "sklearn")


def modules_after(code):
    """The modules that are loaded after some code in a fresh interpreter."""
    said = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(said.stdout.split())


def test_importing_the_package_costs_next_to_nothing():
    """Nothing beyond the standard library, not even numpy, before a name is used."""
    loaded = modules_after("import napari_image_classifier")
    assert not loaded & {"numpy", "tifffile", *HEAVY}


def test_reading_and_preparing_stay_light():
    """The verbs that need neither a window nor a network load neither."""
    names = "read_image, prepare, load_classifier, read_items, classify_folder, TrainingConfig"
    loaded = modules_after(f"from napari_image_classifier import {names}")
    assert not loaded & {*HEAVY, "onnxruntime", "dask"}


def test_the_rooms_know_only_what_they_may():
    """import-linter's contracts in pyproject.toml."""
    import tomllib

    from importlinter.cli import lint_imports

    project = REPOSITORY / "pyproject.toml"
    contracts = tomllib.loads(project.read_text())["tool"]["importlinter"]["contracts"]
    assert len(contracts) >= 5
    assert lint_imports(config_filename=str(project), no_cache=True) == 0
