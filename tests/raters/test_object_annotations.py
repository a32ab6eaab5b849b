"""Classes that a person gives to objects: kept as they are given."""

import subprocess
import sys
import time

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
    assert str(tmp_path / "cells unreadable 1.csv") in given.notice
    path.write_text("changed while the window is open\n")
    given.give({"label=2": "long"})
    assert ObjectAnnotations(path, "cells.tif", ITEMS).classes == {
        "label=1": "round",
        "label=2": "long",
    }
    assert "unreadable 2.csv" in given.notice


def test_the_last_answer_counts_in_two_windows(tmp_path):
    """Of one object; of others both are kept, and Undo takes back what its own window has done."""
    path = tmp_path / "cells.csv"
    one, other = (ObjectAnnotations(path, "cells.tif", ITEMS) for _ in range(2))
    one.give({"label=1": "round", "label=2": "round"})
    other.give({"label=2": "long", "label=7": "long"})
    assert other.classes == {"label=1": "round", "label=2": "long", "label=7": "long"}
    assert one.undo()
    assert one.classes == {"label=2": "long", "label=7": "long"}
    one.rename("long", "Long")
    other.give({"label=7": None})
    assert other.classes == ObjectAnnotations(path, "c.tif", ITEMS).classes == {"label=2": "Long"}
    path.unlink()
    other.give({"label=1": "round"})
    assert ObjectAnnotations(path, "c.tif", ITEMS).classes == {
        "label=1": "round",
        "label=2": "Long",
    }


ITEMS_OF_TWO = [f"label={number}" for number in range(1, 81)]
CLICKS = """
import sys, time
from pathlib import Path
from napari_image_classifier.raters.object_annotations import ObjectAnnotations
path, name, at = sys.argv[1:]
given = ObjectAnnotations(Path(path), "cells.tif", [f"label={n}" for n in range(1, 81)])
time.sleep(max(0, float(at) - time.time()))
for number in range(1 if name == "odd" else 2, 81, 2):
    given.give({f"label={number}": name})
"""


def test_every_click_of_two_viewers_is_kept(tmp_path):
    """Two processes give classes to the objects of one image in the same moments."""
    path = tmp_path / "cells.csv"
    at = str(time.time() + 1)
    viewers = [
        subprocess.Popen([sys.executable, "-c", CLICKS, str(path), name, at])
        for name in ("odd", "even")
    ]
    assert [viewer.wait(60) for viewer in viewers] == [0, 0]
    classes = ObjectAnnotations(path, "cells.tif", ITEMS_OF_TWO).classes
    assert len(classes) == 80
    assert {classes[f"label={number}"] for number in range(1, 81, 2)} == {"odd"}
    assert list(tmp_path.iterdir()) == [path]
