"""Classes that a person gives to objects: kept as they are given."""

from napari_image_classifier.raters.object_annotations import ObjectAnnotations, write_annotations
from napari_image_classifier.system.spreadsheets import read_spreadsheet

ITEMS = ["label=1", "label=2", "label=7"]


def test_every_change_is_on_disk_at_once(tmp_path):
    """A program that ends in the next moment has lost nothing."""
    path = tmp_path / "kept" / "cells.csv"
    given = ObjectAnnotations(path, "cells.tif", ITEMS)
    given.give({"label=1": "round", "label=2": "long"})
    given.give({"label=2": None, "label=7": "round"})
    again = ObjectAnnotations(path, "cells.tif", ITEMS)
    assert again.classes == given.classes == {"label=1": "round", "label=7": "round"}
    assert again.counts == {"round": 2}
    table = read_spreadsheet(path)
    assert table.columns == ("file", "item", "class")
    assert {row["file"] for row in table.rows} == {"cells.tif"}


def test_a_step_is_taken_back(tmp_path):
    """On disk, too; of what was there before there is nothing to take back."""
    path = tmp_path / "cells.csv"
    given = ObjectAnnotations(path, "cells.tif", ITEMS)
    assert not given.undo()
    given.give({"label=1": "round"})
    given.give({"label=1": "long", "label=2": "long"})
    assert given.undo()
    assert given.classes == {"label=1": "round"}
    assert ObjectAnnotations(path, "cells.tif", ITEMS).classes == {"label=1": "round"}


def test_a_class_is_renamed(tmp_path):
    """All its objects go with it."""
    given = ObjectAnnotations(tmp_path / "cells.csv", "cells.tif", ITEMS)
    given.give({"label=1": "rund", "label=2": "long"})
    given.rename("rund", "round")
    assert given.classes == {"label=1": "round", "label=2": "long"}


def test_objects_that_are_gone_are_not_taken_over(tmp_path):
    """Nor a file that is something else, which is not written over either."""
    path = tmp_path / "cells.csv"
    write_annotations(path, {"cells.tif": {"label=1": "round", "label=99": "long"}})
    assert ObjectAnnotations(path, "cells.tif", ITEMS).classes == {"label=1": "round"}
    path.write_text("nothing of ours\n")
    given = ObjectAnnotations(path, "cells.tif", ITEMS)
    assert given.classes == {}
    given.give({"label=1": "round"})
    assert (tmp_path / "cells unreadable 1.csv").read_text() == "nothing of ours\n"
