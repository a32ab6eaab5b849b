"""Images in a folder: what is passed over, and what names say of all of them."""

import errno
import sys

import pytest

from napari_image_classifier.images.discovery import files_below, find_images
from napari_image_classifier.images.names.patterns import NamePattern, NamePatternError

GUIDS = ("D23F0824-128B-2F33-0C5C-7FD0A6A3A450", "6513270E-269E-0D37-F2A7-4DE452E6B438")


def touch(folder, *names):
    """Empty files; no pixels are read."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def names(folder, text=None):
    """The names of the images, and what was passed over."""
    images, passed_over = find_images(folder, NamePattern(text) if text else None)
    return [image.name for image in images], passed_over


@pytest.mark.parametrize(
    "thumbnail",
    [
        "exp1_thumb_w1.tif", "exp1_w1_thumb.jpg", "exp1_w1.thumbnail.png", "thumb_exp1_w1.tif",
        "thumbs/exp1_w1.jpg", f"exp1_w1_thumb{GUIDS[0]}.tif", f"exp9_w1_thumb{GUIDS[0]}.tif",
        "@eaDir/exp1_w1.tif/SYNOPHOTO_THUMB_M.jpg",
    ],
)  # fmt: skip
def test_thumbnails_are_passed_over_and_counted(tmp_path, thumbnail):
    """Beside their images, in folders of their own, and in those of a drive."""
    touch(tmp_path, "exp1_w1.tif", "exp2_w1.tif", thumbnail)
    assert names(tmp_path) == (["exp1_w1.tif", "exp2_w1.tif"], {"thumbnails": 1})


def test_images_of_thumbs_are_images(tmp_path):
    """Where there is no other image that they could be of."""
    touch(tmp_path, "thumb_1.tif", "thumb_2.tif", "thumbprint.tif", "left thumb.tif")
    assert len(names(tmp_path)[0]) == 4


def test_deleted_files_are_passed_over(tmp_path):
    """They lie on the drive until it is tidied."""
    touch(tmp_path, "a.tif", "#recycle/b.tif", "$RECYCLE.BIN/c.tif")
    assert names(tmp_path) == (["a.tif"], {"deleted files": 2})


def test_raw_names_of_an_imagexpress_make_images(tmp_path):
    """The same channels in all, thumbnails or not."""
    touch(tmp_path, *(
        f"ABCD_A0{well}_s1_w{channel}{thumb}{well}{channel}{GUIDS[1][2:]}.tif"
        for well in (1, 2) for channel in (1, 2) for thumb in ("", "_thumb")
    ))  # fmt: skip
    images, passed_over = find_images(
        tmp_path, NamePattern("{plate}_{well}_s{site}_w{channel}.tif")
    )
    assert [image.name for image in images] == [
        "ABCD_A01_s1_w{channel}.tif", "ABCD_A02_s1_w{channel}.tif",
    ]  # fmt: skip
    assert {part.channel for image in images for part in image.parts} == {"1", "2"}
    assert passed_over == {"thumbnails": 4}


def test_a_pattern_that_fits_nothing_is_told(tmp_path):
    """How many files, the first name, and the nearest preset."""
    touch(tmp_path, *(f"P_A0{w}_T0001F001L01A01Z01C0{c}.tif" for w in (1, 2) for c in (1, 2)))
    with pytest.raises(NamePatternError) as error:
        find_images(tmp_path, NamePattern("{well}_s{site}_w{channel}.tif"))
    for words in ("none of the 4 image files", "P_A01_T0001F001L01A01Z01C01.tif", "CellVoyager",
                  "{plate}_{well}_T{time}F{site}L{*}A{*}Z{z}C{channel}.tif"):  # fmt: skip
        assert words in str(error.value)
    assert find_images(touch(tmp_path / "empty", "notes.txt"), NamePattern("{well}.tif"))[0] == []


def test_folders_with_the_same_wells_are_plates(tmp_path):
    """A well is plate and well."""
    touch(tmp_path, "P1/A01.tif", "P1/A02.tif", "P2/A01.tif", "P2/A02.tif")
    images, _ = find_images(tmp_path, NamePattern("{well}.tif"))
    assert [(image.fields["plate"], image.fields["well"]) for image in images] == [
        ("P1", "A01"), ("P1", "A02"), ("P2", "A01"), ("P2", "A02"),
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="paths are shorter there")
def test_folders_may_be_deeper_than_python_calls_itself(tmp_path):
    """Up to the longest path that the system knows."""
    folders = [tmp_path]
    for _ in range(1100):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    touch(folders[-1], "a.tif")
    try:
        assert names(tmp_path) == (["d/" * 1100 + "a.tif"], {})
        # Masks and sessions are looked for, too.
        assert list(files_below(tmp_path)) == [folders[-1] / "a.tif"]
    finally:
        (folders[-1] / "a.tif").unlink()
        for folder in reversed(folders[1:]):
            folder.rmdir()


def test_masks_are_looked_for_as_images_are(tmp_path):
    """In folders as deep; links in a circle, hidden files and thumbnails of drives are no masks."""
    images, masks = tmp_path / "images", tmp_path / "masks"
    touch(images, "a.tif")
    touch(masks, "b/.a.tif", "@eaDir/a.tif", ".old/a.tif")
    (masks / "round").symlink_to(masks, target_is_directory=True)
    folders = [masks]
    for _ in range(1100):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    touch(folders[-1], "a_mask.tif")
    try:
        [found], _ = find_images(images, masks=str(masks))
        assert found.mask is not None
        assert found.mask.name == "d/" * 1100 + "a_mask.tif"
    finally:
        (folders[-1] / "a_mask.tif").unlink()
        for folder in reversed(folders[1:]):
            folder.rmdir()


def test_a_folder_that_goes_or_is_closed_does_not_end_the_looking(tmp_path, monkeypatch):
    """What is beside it is found; what can't be opened is counted."""
    touch(tmp_path, "a/0.tif", "closed/1.tif", "deep/1.tif", "gone/2.tif", "z/3.tif")
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "nowhere").symlink_to(tmp_path / "nowhere")
    really = type(tmp_path).iterdir

    def iterdir(path):
        errors = {"closed": errno.EACCES, "gone": errno.ENOENT, "deep": errno.ENAMETOOLONG}
        if path.name in errors:
            raise OSError(errors[path.name], "no", str(path))
        return really(path)

    monkeypatch.setattr(type(tmp_path), "iterdir", iterdir)
    found, passed_over = names(tmp_path)
    assert found == ["a/0.tif", "z/3.tif"]
    assert passed_over["folders that can't be opened"] == 1
    assert passed_over["folders so deep that the system can't open them"] == 1
