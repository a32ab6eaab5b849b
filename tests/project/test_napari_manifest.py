"""napari.yaml: what napari and the hub know of the plugin."""

from importlib import import_module
from importlib.metadata import distribution, metadata

import pytest
from npe2 import PluginManifest

from helpers.plugin import PLUGIN

DOCKS = {
    "Label images",
    "Train classifier",
    "Classify images",
    "Classify folder",
    "Compare with me",
}


@pytest.fixture(scope="module")
def manifest():
    """The manifest of the installed plugin, however it was installed."""
    return PluginManifest.from_distribution(PLUGIN)


def test_every_command_leads_to_something(manifest):
    """Each python_name can be imported."""
    for command in manifest.contributions.commands:
        module, name = command.python_name.split(":")
        assert callable(getattr(import_module(module), name))


def test_docks_reader_and_sample_are_offered(manifest):
    """In the menus Plugins, Open Sample and Layers > Classify, and for opening files."""
    offered = manifest.contributions
    assert {widget.display_name for widget in offered.widgets} == DOCKS
    docks = {widget.command for widget in offered.widgets}
    assert {entry.command for entry in offered.menus["napari/layers/classify"]} == docks
    assert [sample.display_name for sample in offered.sample_data] == [
        "Cells, control and depleted"
    ]
    assert "*.tif" in offered.readers[0].filename_patterns


def test_the_hub_finds_what_it_shows():
    """Classifier, licence, summary; no Qt binding is forced on anybody."""
    described = metadata(PLUGIN)
    assert "Framework :: napari" in described.get_all("Classifier")
    assert described["License-Expression"] == "BSD-3-Clause"
    assert described["Summary"]
    required = [need for need in distribution(PLUGIN).requires if "extra ==" not in need]
    assert not any(need.lower().startswith(("pyqt5", "pyqt6", "pyside")) for need in required)
    assert any(need.startswith("tensorflow") for need in required)


def test_sample_data_opens(make_napari_viewer):
    """File > Open Sample adds two images of two channels."""
    viewer = make_napari_viewer()
    viewer.open_sample(PLUGIN, "cells")
    assert len(viewer.layers) == 4
