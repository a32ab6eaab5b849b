"""safe_files: a file is whole or not there."""

import pytest

from napari_image_classifier.safe_files import replace_file


def test_new_content_takes_the_place_of_the_old(tmp_path):
    """A block that ends well leaves the new file and nothing else."""
    path = tmp_path / "result.csv"
    path.write_text("old")
    with replace_file(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_old_content_outlives_a_failure(tmp_path):
    """A block that raises leaves the old file as it was, and no temporary one."""
    path = tmp_path / "result.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), replace_file(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
