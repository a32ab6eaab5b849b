"""What is made of the commands' arguments."""

import pytest

from napari_image_classifier.cli.arguments import ranges_in
from napari_image_classifier.errors import ImageClassifierError


@pytest.mark.parametrize(
    ("text", "n_channels", "ranges"),
    [
        ("0:255", 1, ((0, 255),)),
        ("0:255", 3, ((0, 255),) * 3),
        ("0:255, 127.5:255", 2, ((0, 255), (127.5, 255))),
    ],
)
def test_a_range_is_of_all_channels_or_of_each(text, n_channels, ranges):
    """What becomes 0, and what becomes 1."""
    assert ranges_in(text, n_channels) == ranges


@pytest.mark.parametrize("text", ["", "255", "0:255:3", "255:0", "0:255,0:255", "a:b", "nan:1"])
def test_what_is_no_range_is_refused(text):
    """In a sentence that says what one looks like."""
    with pytest.raises(ImageClassifierError, match="such as 0:255"):
        ranges_in(text, 3)
