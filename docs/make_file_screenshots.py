"""Make the screenshot of what a name pattern makes of a microscope's files, into docs/images.

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_file_screenshots.py

It needs the folder of real images beside the repository (see ../shared/data/README.md there).
"""

import sys
import tempfile

import napari
from make_screenshots import DATA, add_dock, save, wait_until
from qtpy.QtCore import QSettings, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QPushButton

SCREEN = DATA / "formats" / "imagexpress" / "9987_Plate_3434"


def main() -> None:
    """Choose a folder of ImageXpress, open the choice of patterns and take the first that fits."""
    if not SCREEN.is_dir():
        sys.exit(f"The real images are not here: {SCREEN}")
    with tempfile.TemporaryDirectory() as temporary:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, temporary)
        viewer = napari.Viewer(show=True)
        viewer.window._qt_window.resize(1500, 980)
        dock = add_dock(viewer, "Classify folder")
        dock.form["folder"].value = SCREEN
        wait_until(lambda: _fitting(dock))
        QTest.mouseClick(dock.pattern.findChild(QPushButton), Qt.MouseButton.LeftButton)
        _fitting(dock)[0].trigger()
        wait_until(lambda: "Plate 9987" in dock.pattern.text_shown)
        save(viewer, "name-pattern")
        viewer.close()


def _fitting(dock) -> list:
    return [each for each in dock.pattern._menu.actions() if "fits these names" in each.text()]


if __name__ == "__main__":
    main()
