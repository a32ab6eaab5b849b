"""survey: a look before anything runs."""

import io

import numpy as np
from PIL import Image as Picture

from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.survey import SurveyRequest, Thumbnail
from napari_image_classifier.jobs import survey as job


def survey(folder, thumbnails=4, **items):
    """Run the job here; return its events and result."""
    events = []
    request = SurveyRequest(folder, **items, thumbnails=thumbnails)
    result = job.run(request, events.append, lambda: False)
    return events, result


def save_stack(path, names=("GFP", "DNA")):
    """A small two-channel stack."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 99, (2, 3, 16, 16)).astype(np.uint16)
    write_image(path, Image.from_array(pixels, "CZYX", channel_names=names))


def test_a_folder_is_seen_at_a_glance(tmp_path):
    """Classes, counts, groups, channels, and a few pictures of each class."""
    for name in ("control/A1/1.tif", "control/A2/2.tif", "depleted/B1/3.tif"):
        save_stack(tmp_path / name)
    events, result = survey(tmp_path, group="folder", thumbnails=1)
    pictures = [event for event in events if isinstance(event, Thumbnail)]
    assert [picture.class_name for picture in pictures] == ["control", "depleted"]
    drawn = Picture.open(io.BytesIO(pictures[0].png))
    assert drawn.size == (16, 16)
    assert result.classes == {"control": 2, "depleted": 1}
    assert result.groups == {"control": 2, "depleted": 1}
    assert result.channels == ("GFP", "DNA")
    assert result.folder_levels == 2
    assert result.problems == ()


def test_what_does_not_fit_is_a_sentence(tmp_path):
    """Files with other channels and unreadable ones are named."""
    save_stack(tmp_path / "a" / "1.tif")
    save_stack(tmp_path / "b" / "2.tif", ("GFP", "RFP"))
    (tmp_path / "b" / "3.tif").write_bytes(b"no image")
    _, result = survey(tmp_path)
    assert any("3.tif" in problem for problem in result.problems)
    assert any("same channels" in problem for problem in result.problems)


def test_patterns_are_proposed_from_the_names(tmp_path):
    """One file per channel is noticed."""
    for well in ("A01", "A02"):
        for channel in (1, 2):
            path = tmp_path / "cells" / f"{well}_s1_w{channel}.tif"
            path.parent.mkdir(exist_ok=True)
            write_image(path, Image.from_array(np.zeros((8, 8), np.uint8), "YX"))
    _, result = survey(tmp_path)
    assert any("{channel}" in pattern for pattern in result.patterns)
    _, one_per_well = survey(tmp_path, pattern=result.patterns[0])
    assert one_per_well.n_images == 2
    assert one_per_well.composed is not None
    assert one_per_well.composed.sentence.startswith("2 images of 2 files each")
    assert result.composed is None


def test_numbers_that_names_leave_open_are_asked(tmp_path):
    """Fields, planes or time points; a pattern that says it is the answer."""
    for name in ("A01_1", "A01_2", "A02_1", "A02_2"):
        write_image(tmp_path / f"{name}.tif", Image.from_array(np.zeros((8, 8), np.uint8), "YX"))
    _, result = survey(tmp_path)
    assert "1, 2 are fields of view, planes or time points" in result.question
    _, answered = survey(tmp_path, pattern="{well}_{site}.tif")
    assert answered.question == ""
    assert answered.composed is not None
    assert answered.composed.doubts == ()
