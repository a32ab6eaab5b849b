"""Mask files, and the images that they belong to."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.mask_files import MasksError, stored_masks_path
from napari_image_classifier.images.names.patterns import NamePattern


def files(root, *names):
    """Small files of these names; their content does not matter here."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, np.zeros((4, 4), np.uint8))
    return root


def paired(root, masks, pattern=None):
    """The name of the mask of each image, relative to the images' folder."""
    images, _ = find_images(root, NamePattern(pattern) if pattern else None, masks)
    return {image.name: image.mask and Path(image.mask.parts[0].path).name for image in images}


def test_a_mask_is_named_like_its_image(tmp_path):
    """With another suffix, or the ending that a program gave it, in a folder of their own."""
    root = files(tmp_path / "images", "A01.tif", "A02.tif", "A03.ome.tif")
    masks = files(tmp_path / "masks", "A01.png", "A02_cp_masks.tif", "A03.tif")
    expected = {"A01.tif": "A01.png", "A02.tif": "A02_cp_masks.tif", "A03.ome.tif": "A03.tif"}
    assert paired(root, str(masks)) == expected
    assert paired(root, "../masks") == expected


def test_masks_beside_images_have_an_ending(tmp_path):
    """As Cellpose writes them; they are no images then."""
    root = files(tmp_path, "A01.tif", "A01_cp_masks.tif", "B/A01.tif", "B/A01_cp_masks.tif")
    images, passed_over = find_images(root, None, ".")
    assert [image.name for image in images] == ["A01.tif", "B/A01.tif"]
    assert images[1].mask.name == "B/A01_cp_masks.tif"
    assert passed_over == {"masks": 2}


def test_masks_in_a_folder_below_are_no_images(tmp_path):
    """Whatever they are called."""
    root = files(tmp_path, "A01.tif", "masks/A01.tif")
    assert paired(root, "masks") == {"A01.tif": "A01.tif"}


def test_folders_are_followed_where_names_repeat(tmp_path):
    """A01 of plate 1 has the mask of plate 1; a name that is there once needs no folder."""
    root = files(tmp_path / "images", "p1/A01.tif", "p2/A01.tif", "p2/B01.tif")
    masks = files(tmp_path / "masks", "p1/A01.tif", "p2/A01.tif", "B01.tif")
    images, _ = find_images(root, None, str(masks))
    assert [image.mask.name for image in images] == ["p1/A01.tif", "p2/A01.tif", "B01.tif"]


def test_one_mask_for_two_images_is_refused(tmp_path):
    """It can be of one of them only, and nobody says of which."""
    root = files(tmp_path / "images", "p1/A01.tif", "p2/A01.tif")
    masks = files(tmp_path / "masks", "A01.tif")
    with pytest.raises(MasksError, match=r"would be the mask of p1/A01\.tif and of p2/A01\.tif"):
        find_images(root, None, str(masks))


def test_two_masks_for_one_image_are_refused(tmp_path):
    """Nuclei and cells: a pattern says which are meant."""
    root = files(tmp_path / "images", "A01.tif")
    files(root, "A01_mask.tif", "A01_cp_masks.tif")
    with pytest.raises(MasksError, match="has 2 masks"):
        find_images(root, None, ".")
    assert paired(root, "{name}_mask.tif")["A01.tif"] == "A01_mask.tif"


def test_the_mask_of_an_image_in_several_files_is_of_one_of_them(tmp_path):
    """Cellpose saw one channel's file."""
    root = files(tmp_path / "images", "A01_w1.tif", "A01_w2.tif")
    masks = files(tmp_path / "masks", "A01_w2_cp_masks.tif")
    found = paired(root, str(masks), "{well}_w{channel}.tif")
    assert found == {"A01_w{channel}.tif": "A01_w2_cp_masks.tif"}


def test_a_pattern_shares_fields_with_the_images(tmp_path):
    """Well and site are the same, whatever else the names say."""
    root = files(tmp_path / "images", "A01_s1_w1.tif", "A01_s1_w2.tif", "A01_s2_w1.tif",
                 "A01_s2_w2.tif")  # fmt: skip
    files(tmp_path / "masks", "nuclei_A01_1.tif", "nuclei_A01_2.tif")
    found = paired(root, "../masks/nuclei_{well}_{site}.tif", "{well}_s{site}_w{channel}.tif")
    assert found == {
        "A01_s1_w{channel}.tif": "nuclei_A01_1.tif",
        "A01_s2_w{channel}.tif": "nuclei_A01_2.tif",
    }


def test_an_image_without_its_mask_is_told(tmp_path):
    """Not left out in silence."""
    root = files(tmp_path / "images", "A01.tif", "A02.tif")
    masks = files(tmp_path / "masks", "A01.tif")
    images, _ = find_images(root, None, str(masks))
    assert images[1].mask is None
    assert images[1].missing == ("a mask (A02.tif or A02_cp_masks.tif)",)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ("nowhere", "no folder of masks"),
        ("empty", "no masks in"),
        ("{name}_mask.tif", "named like {name}_mask.tif"),
        ("others", "None of the 1 images has a mask"),
    ],
)
def test_masks_that_are_not_there_are_told(tmp_path, masks, message):
    """With what was looked for."""
    root = files(tmp_path, "images/A01.tif", "images/others/X.tif") / "images"
    (root / "empty").mkdir()
    with pytest.raises(MasksError) as error:
        find_images(root, None, masks)
    assert message in str(error.value)


def test_masks_are_kept_as_seen_from_the_images(tmp_path):
    """So that both may move together."""
    assert stored_masks_path(tmp_path / "masks", tmp_path / "images") == "../masks"
    assert stored_masks_path("{name}_mask.tif", tmp_path) == "{name}_mask.tif"
