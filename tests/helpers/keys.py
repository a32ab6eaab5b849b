"""Key presses in a shown window, for the tests of several docks."""

from qtpy.QtTest import QTest


def press(viewer, qtbot, key, widget=None):
    """Press a key while the canvas, or a widget, has the focus."""
    window = viewer.window._qt_window
    widget = widget or viewer.window._qt_viewer.canvas.native

    def is_active():
        # Tests that run side by side on one screen take it from each other.
        window.activateWindow()
        return window.isActiveWindow()

    qtbot.waitUntil(is_active)
    widget.setFocus()
    QTest.keyClick(widget, key)
