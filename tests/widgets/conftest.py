"""What the tests of the docks share."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import QSettings

if TYPE_CHECKING:
    import napari


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing is remembered from, or for, the person who runs the tests."""
    folder = str(tmp_path_factory.mktemp("settings"))
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., "napari.Viewer"]) -> "napari.Viewer":
    """A viewer with the plugin's own manifest and no other."""
    return make_napari_viewer()
