"""The table of predictions: what it shows, sorts, filters and tells."""

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QStyleOptionViewItem

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.widgets.qt.delegates import PALE_ROLE
from napari_image_classifier.widgets.shared.prediction_model import (
    CLASS,
    CONFIDENCE,
    IMAGE,
    PART,
    PICTURE,
    STATUS,
)
from napari_image_classifier.widgets.shared.prediction_table import PredictionTable

ROWS = (
    Prediction("b.tif", "", "ok", "control", 0.9, {"control": 0.9, "depleted": 0.1}),
    Prediction("a.tif", "", "ok", "depleted", 0.6, {"control": 0.4, "depleted": 0.6}),
    Prediction("c.tif", "", "error", message="c.tif is cut short."),
)


@pytest.fixture
def table(qtbot):
    """A table with three images, one of which is bad."""
    made = PredictionTable()
    qtbot.addWidget(made)
    made.set_class_names(("control", "depleted"))
    made.add(ROWS)
    return made


def shown(table, column=IMAGE):
    """Return the cells of a column from top to bottom."""
    model = table.view.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_keeps_the_order_in_which_predictions_came(table):
    """Nothing is sorted until a person asks for it."""
    assert shown(table) == ["b.tif", "a.tif", "c.tif"]


def test_a_long_file_name_keeps_its_end(table):
    """Images of one folder differ there."""
    cell = QStyleOptionViewItem()
    delegate = table.view.itemDelegateForColumn(IMAGE)
    delegate.initStyleOption(cell, table.view.model().index(0, IMAGE))
    assert cell.textElideMode == Qt.TextElideMode.ElideLeft


def test_sorts_by_confidence_with_the_unclassified_first(table):
    """An image without a confidence needs looking at."""
    table.view.sortByColumn(CONFIDENCE, Qt.SortOrder.AscendingOrder)
    assert shown(table) == ["c.tif", "a.tif", "b.tif"]


def test_filters_by_class_and_by_name(table):
    """Both filters hold at once."""
    table.class_choice.setCurrentText("depleted")
    assert shown(table) == ["a.tif"]
    table.search.setText("B.TIF")
    assert shown(table) == []
    table.class_choice.setCurrentText("not classified")
    table.search.clear()
    assert shown(table) == ["c.tif"]


def test_sorts_time_points_by_number(qtbot):
    """Time point 10 follows 9."""
    table = PredictionTable()
    qtbot.addWidget(table)
    table.add([Prediction("a.tif", f"t={time}", "ok", "x", 1.0) for time in (10, 9, 1)])
    table.view.sortByColumn(PART, Qt.SortOrder.AscendingOrder)
    assert shown(table, PART) == ["time 1", "time 9", "time 10"]


def test_says_what_is_wrong_with_an_image(table):
    """The sentence stands where the status would."""
    assert shown(table, STATUS) == ["ok", "ok", "c.tif is cut short."]


def test_hides_the_columns_that_nothing_is_in(table):
    """No picture was given and no image has parts."""
    assert table.view.isColumnHidden(PICTURE)
    assert table.view.isColumnHidden(PART)


def test_counts_the_classes(table):
    """The line below says how many of which class there are."""
    assert "control: 1" in table.summary.text()
    assert "not classified: 1" in table.summary.text()


def test_what_is_no_answer_is_grey_and_counted_apart(qtbot):
    """The class is still there to read, but neither counted nor found among the answers."""
    table = PredictionTable()
    qtbot.addWidget(table)
    table.set_class_names(("control", "depleted"))
    table.add(
        [
            *ROWS,
            Prediction("d.tif", "", "unsure", "control", 0.5, message="Less sure than 0.80."),
            Prediction("e.tif", "", "unlike-training", "control", 0.99, message="It is darker."),
        ]
    )
    assert shown(table, CLASS) == ["control", "depleted", None, "control", "control"]
    assert shown(table, STATUS)[3:] == ["unsure", "unlike"]
    model = table.view.model()
    grey = Qt.ItemDataRole.ForegroundRole
    colours = [model.index(row, CLASS).data(grey) for row in range(5)]
    assert [colour is not None for colour in colours] == [False, False, True, True, True]
    assert [model.index(row, CONFIDENCE).data(PALE_ROLE) for row in range(5)] == [
        False, False, True, True, True
    ]  # fmt: skip
    assert "It is darker." in model.index(4, CLASS).data(Qt.ItemDataRole.ToolTipRole)
    for counted in ("control: 1", "unsure: 1", "unlike the training: 1"):
        assert counted in table.summary.text()
    table.class_choice.setCurrentText("control")
    assert shown(table) == ["b.tif"]
    table.class_choice.setCurrentText("unlike the training")
    assert shown(table) == ["e.tif"]


def test_tells_which_prediction_was_chosen(table, qtbot):
    """The signal carries the prediction of the row, whatever the order shown."""
    table.view.sortByColumn(IMAGE, Qt.SortOrder.AscendingOrder)
    with qtbot.waitSignal(table.item_selected) as selected:
        table.view.selectRow(0)
    assert selected.args == [ROWS[1]]
    with qtbot.waitSignal(table.item_activated) as activated:
        table.view.doubleClicked.emit(table.view.model().index(2, IMAGE))
    assert activated.args == [ROWS[2]]


def test_takes_thousands_of_rows_and_paints_them(table, qtbot):
    """A plate of 10,000 images is added in one step."""
    table.add([Prediction(f"{i}.tif", "", "ok", "control", i / 10_000) for i in range(10_000)])
    table.show()
    assert not table.grab().isNull()
    assert len(shown(table)) == 10_003


def test_begins_anew(table):
    """Nothing is left after clearing."""
    table.clear()
    assert shown(table) == []
    assert not table.view.currentIndex().isValid()
