"""Check that the wheel by itself has all that napari looks for: docks, menus, reader, sample data.

python tools/check_wheel.py FOLDER_WITH_THE_UNPACKED_WHEEL
"""

import sys
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path

PLUGIN = "napari-image-classifier"


def main(folder: Path) -> None:
    """Take everything from ``folder``, whatever else is installed."""
    sys.path.insert(0, str(folder))
    from npe2 import PluginManifest

    found = Path(str(distribution(PLUGIN).locate_file("."))).resolve()
    assert found == folder, f"{PLUGIN} came from {found}"
    offered = PluginManifest.from_distribution(PLUGIN).contributions
    for command in offered.commands:
        module, name = command.python_name.split(":")
        home = import_module(module)
        assert folder in Path(str(home.__file__)).resolve().parents, home.__file__
        assert callable(getattr(home, name))
    docks = {widget.command for widget in offered.widgets}
    assert docks == {item.command for item in offered.menus["napari/layers/classify"]}
    assert offered.readers
    assert offered.sample_data
    evaluation = folder / "napari_image_classifier" / "evaluation"
    assert (evaluation / "templates" / "evaluation.html").is_file()
    sys.stdout.write(f"The wheel has {len(docks)} docks, their menu, reader, sample and report.\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
