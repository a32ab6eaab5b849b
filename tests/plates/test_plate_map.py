"""plate_map: wells in their places and colours, looked at in the picture itself."""

import numpy as np
import pytest
from PIL import Image as Picture

from napari_image_classifier.images.names.well_names import WellError, row_letters
from napari_image_classifier.plates.columns import SummaryError
from napari_image_classifier.plates.plate_map import draw_plate_maps

YELLOW, PURPLE = (253, 231, 37), (68, 1, 84)


@pytest.fixture
def summary():
    """A 96-well plate, of which one well is all light, one unknown, and the others dark."""
    pandas = pytest.importorskip("pandas")
    wells = [f"{row_letters(row)}{column:02}" for row in range(8) for column in range(1, 13)]
    percent = np.zeros(96)
    percent[15], percent[40] = 100, np.nan
    return pandas.DataFrame({"well": wells, "items": 4, "percent_light": percent})


def colours(path, colour):
    """Where the picture has a colour: its middle (y, x) as parts of it, and how many pixels."""
    with Picture.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"), int)
    # Without the scale at the right.
    pixels = pixels[:, : int(0.85 * pixels.shape[1])]
    y, x = np.nonzero(np.abs(pixels - colour).max(axis=2) < 12)
    return y.mean() / pixels.shape[0], x.mean() / pixels.shape[1], len(y)


def test_a_well_is_where_it_belongs(summary, tmp_path):
    """B4 is the second row's fourth, above and left of the middle of the plate."""
    path = tmp_path / "map.png"
    draw_plate_maps(summary, path)
    y, x, n_light = colours(path, YELLOW)
    middle_y, middle_x, n_dark = colours(path, PURPLE)
    assert y < middle_y - 0.1
    assert x < middle_x - 0.1
    # Numbers stand in them.
    assert 70 * n_light < n_dark < 120 * n_light


def test_each_plate_and_column_has_its_map(summary, tmp_path):
    """Twice as many plates are twice as high, two columns twice as wide."""
    pandas = pytest.importorskip("pandas")
    two = pandas.concat([summary.assign(plate="first"), summary.assign(plate="second")])
    sizes = {}
    for name, table, show in (
        ("one", summary, ["items"]),
        ("two plates", two, ["items"]),
        ("two columns", summary, ["items", "percent_light"]),
    ):
        draw_plate_maps(table, tmp_path / f"{name}.png", show)
        with Picture.open(tmp_path / f"{name}.png") as picture:
            sizes[name] = picture.size
    width, height = sizes["one"]
    assert sizes["two plates"] == (width, 2 * height)
    assert sizes["two columns"] == (2 * width, height)


@pytest.mark.parametrize("suffix", ["svg", "pdf", "PNG"])
def test_other_formats(summary, tmp_path, suffix):
    """As journals want them."""
    path = tmp_path / f"map.{suffix}"
    draw_plate_maps(summary, path)
    starts = {"svg": b"<?xml", "pdf": b"%PDF", "PNG": b"\x89PNG"}
    assert path.read_bytes().startswith(starts[suffix])


def test_refusals_say_what_to_do(summary, tmp_path):
    """And leave no file."""
    path = tmp_path / "map.png"
    with pytest.raises(SummaryError, match="summarize by well"):
        draw_plate_maps(summary.drop(columns="well"), path)
    with pytest.raises(
        SummaryError, match="no number “percent_dark” to show; there are items, per"
    ):
        draw_plate_maps(summary, path, ["percent_dark"])
    with pytest.raises(SummaryError, match=r"not map\.gif"):
        draw_plate_maps(summary, tmp_path / "map.gif")
    with pytest.raises(SummaryError, match="A well has several rows"):
        draw_plate_maps(summary.assign(well="A1"), path)
    with pytest.raises(WellError, match="“dish 3” is no name of a well"):
        draw_plate_maps(summary[:1].assign(well="dish 3"), path)
    assert not list(tmp_path.iterdir())
