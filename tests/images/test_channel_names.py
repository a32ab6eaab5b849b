"""Which texts name a channel, and which only count channels or name a file."""

import pytest

from napari_image_classifier.images.channel_names import are_names, names_among


@pytest.mark.parametrize(
    "texts",
    [("1", "2"), ("0", "1", "2"), ("ch00", "ch01"), ("Channel:0:0", "Channel:0:1"), ("w1", "w2"),
     ("Channel 1",), ("0",), ("Page 1", "Page 2"), ("", "")],
)  # fmt: skip
def test_numbers_that_count_up_are_no_names(texts):
    """From 0 or 1, with or without a word before."""
    assert not any(are_names(texts))


@pytest.mark.parametrize(
    "texts",
    [("405", "488"), ("1", "2", "4"), ("2", "1"), ("405", "488", "561", "640"), ("2", "3"),
     ("ch405", "ch488"), ("405 1", "488 2"), ("DAPI", "GFP"), ("Cy3",), ("Em 525/50",)],
)  # fmt: skip
def test_other_numbers_are_names(texts):
    """Wavelengths, and channels of which some were left out."""
    assert all(are_names(texts))


def test_some_may_be_named():
    """A number in its place among names counts."""
    assert are_names(("DAPI", "2", "")) == (True, False, False)
    assert are_names(("DAPI", "405")) == (True, True)


@pytest.mark.parametrize(
    "labels",
    [("DAPI/Hoechst", "GFP"), ("Em 525/50", "Em 605/70"), ("488", "405"), ("Ex. 405 nm", "BF"),
     ("Alexa Fluor 488 (FITC/EGFP), 525/50 nm band", "CD45 (89)")],
)  # fmt: skip
def test_labels_may_be_names(labels):
    """With slashes, filter bands and dots."""
    assert names_among(labels) == labels


@pytest.mark.parametrize(
    "labels",
    [("a.tif", "b.tif"), ("c:1/2 - x", "c:2/2 - x"), ("1/2", "2/2"), ("slice 1/6", "slice 2/6"),
     ("C1-cell", "C2-cell"), ("/data/one", "/data/two"), ("C:\\a", "C:\\b"), ("", ""),
     ("GFP", "gfp"), ("x" * 61, "y" * 61)],
)  # fmt: skip
def test_labels_that_name_files_and_places_name_no_channels(labels):
    """They would make every image's channels different."""
    assert names_among(labels) == ()


def test_labels_without_a_name_take_none_from_the_others():
    """The channel has none then."""
    assert names_among(("DAPI", "cell.tif", " ")) == ("DAPI", "", "")
