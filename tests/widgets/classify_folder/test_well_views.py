"""widgets.classify_folder.well_views: a plate on the screen, looked at and clicked."""

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QHelpEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QToolTip

from napari_image_classifier.images.names.well_names import Well
from napari_image_classifier.plates.plate_map import PlateMap
from napari_image_classifier.widgets.classify_folder.well_views import PlateView, in_few_digits

SHAPES = [(2, 3), (8, 12), (16, 24), (32, 48)]


def view_of(qtbot, shape, values):
    """A plate in a dock as narrow as it may be."""
    view = PlateView()
    qtbot.addWidget(view)
    numbers = np.full(shape, np.nan)
    for well, value in values.items():
        numbers[well] = value
    rows = {well: number for number, well in enumerate(values)}
    plate = PlateMap("", "per cent light", numbers, rows, (0, 100))
    view.show_plate(plate, lambda row: f"row {row}")
    view.resize(330, view.sizeHint().height())
    view.show()
    return view


def centre_of(view, well):
    """Where a well is drawn."""
    return QPointF(*view.on_screen([[well.column, well.row]])[0])


def colour_at(view, place):
    """The colour of the picture there."""
    picture = view.grab()
    scale = picture.width() / view.width()
    colour = picture.toImage().pixelColor(round(place.x() * scale), round(place.y() * scale))
    return colour.red(), colour.green(), colour.blue()


def move_over(view, place):
    """Move the mouse in this window alone: the screen's one pointer is shared with other tests."""
    QTest.mouseMove(view.windowHandle(), place.toPoint())


@pytest.mark.parametrize("shape", SHAPES)
def test_every_well_is_found_where_it_is_drawn(shape, qtbot):
    """On every size of plate, also in a narrow dock."""
    wells = [Well(row, column) for row in range(shape[0]) for column in range(shape[1])]
    view = view_of(qtbot, shape, dict.fromkeys(wells, 50.0))
    for row, well in enumerate(wells):
        centre = centre_of(view, well)
        assert view.row_at(centre) == row
        assert centre.x() < view.width()
    assert view.row_at(QPointF(0, 0)) is None


def test_colours_are_those_of_the_saved_picture(qtbot):
    """Viridis: violet is none, yellow is all; what is not known stays empty."""
    values = {Well(0, 0): 0.0, Well(0, 1): 100.0, Well(0, 2): 50.0, Well(1, 0): np.nan}
    view = view_of(qtbot, (2, 3), values)
    off = QPointF(0, 13)  # Beside the number.
    for well, expected in (
        (Well(0, 0), (68, 1, 84)), (Well(0, 1), (253, 231, 37)), (Well(0, 2), (33, 145, 140)),
    ):  # fmt: skip
        assert colour_at(view, centre_of(view, well) + off) == pytest.approx(expected, abs=6)
    empty, nothing = (colour_at(view, centre_of(view, well)) for well in (Well(1, 0), Well(1, 2)))
    assert empty == nothing


def test_a_click_tells_the_row(qtbot):
    """And marks the well; beside the wells nothing happens."""
    view = view_of(qtbot, (8, 12), {Well(0, 0): 1.0, Well(3, 4): 2.0})
    before = colour_at(view, centre_of(view, Well(3, 4)) + QPointF(12, 0))
    with qtbot.waitSignal(view.well_clicked) as clicked:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=centre_of(view, Well(3, 4)).toPoint())
    assert clicked.args == [1]
    view.choose(1)
    assert colour_at(view, centre_of(view, Well(3, 4)) + QPointF(12, 0)) != before
    with qtbot.assertNotEmitted(view.well_clicked):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=centre_of(view, Well(5, 5)).toPoint())


def test_the_well_under_the_mouse_is_explained(qtbot):
    """In a tooltip."""
    view = view_of(qtbot, (8, 12), {Well(0, 0): 1.0, Well(3, 4): 2.0})
    place = centre_of(view, Well(3, 4)).toPoint()
    view.event(QHelpEvent(QEvent.Type.ToolTip, place, view.mapToGlobal(place)))
    assert QToolTip.text() == "row 1"
    view.event(QHelpEvent(QEvent.Type.ToolTip, QPoint(0, 0), view.mapToGlobal(QPoint(0, 0))))
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_pointing_at_wells_draws_no_plate_anew(qtbot, monkeypatch):
    """A ring comes and goes. Another size is drawn when it stays, and another theme."""
    drawn = []
    draw = PlateView.draw
    monkeypatch.setattr(PlateView, "draw", lambda *args: drawn.append(args) or draw(*args))
    view = view_of(qtbot, (8, 12), {Well(0, 0): 1.0, Well(3, 4): 2.0})
    side = QPointF(12, 0)
    before = colour_at(view, centre_of(view, Well(3, 4)) + side)
    move_over(view, centre_of(view, Well(3, 4)))
    qtbot.waitUntil(lambda: view.cursor().shape() == Qt.CursorShape.PointingHandCursor)
    assert colour_at(view, centre_of(view, Well(3, 4)) + side) != before
    move_over(view, QPointF(1, 1))
    qtbot.waitUntil(lambda: view.cursor().shape() == Qt.CursorShape.ArrowCursor)
    assert colour_at(view, centre_of(view, Well(3, 4)) + side) == before
    assert len(drawn) == 1
    for width in range(331, 360):
        view.resize(width, view.height())
        view.grab()
    qtbot.waitUntil(lambda: len(drawn) == 2)
    view.setStyleSheet("color: red")
    assert colour_at(view, centre_of(view, Well(3, 4))) != before
    assert len(drawn) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.001, "0"), (0.25, ".25"), (0.996, "1"), (1, "1"), (25.4, "25"), (100, "100")],
)
def test_numbers_fit_into_wells(value, text):
    """Probabilities without their zero, per cent without their digits."""
    assert in_few_digits(value) == text
