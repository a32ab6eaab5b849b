"""Files that were edited, damaged, or written by a newer version: a sentence before work begins."""

import resource
import sys
import time
from functools import cache

import pytest

from hostile.kept_files import HOSTILE, WAYS, write_study
from napari_image_classifier.errors import ImageClassifierError

# Measured are less than two, and milliseconds for most; a busy machine is no fault.
SECONDS, MEGABYTES = 5.0, 500


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What each file says where nobody has changed it."""

    @cache
    def by_way(way):
        folder = tmp_path_factory.mktemp("whole") / "study"
        study = write_study(folder, only=(WAYS[way].file, *WAYS[way].needs))
        return repr(WAYS[way].opens(study)).replace(str(study), "")

    return by_way


def peak():
    """Megabytes that this process had at most."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 if sys.platform != "darwin" else 1024**2)


def test_there_are_many():
    """Of each kind several, and no two of one name."""
    names = {(one.way, one.name) for one in HOSTILE}
    assert len(names) == len(HOSTILE) >= 250
    assert {one.way for one in HOSTILE} == set(WAYS)


@pytest.mark.parametrize("hostile", HOSTILE, ids=[f"{one.way}: {one.name}" for one in HOSTILE])
def test_files_that_were_changed_are_refused_or_mean_what_they_meant(hostile, said, tmp_path):
    """In a sentence, before work begins, within bounds; and nothing of the file is lost."""
    way = WAYS[hostile.way]
    expected = said(hostile.way)
    study = write_study(tmp_path / "study", only=(way.file, *way.needs))
    path = study / way.file
    path.write_bytes(hostile.damage(path.read_bytes()))
    before, began, memory = path.read_bytes(), time.process_time(), peak()
    try:
        found = repr(way.opens(study)).replace(str(study), "")
    except ImageClassifierError as error:
        assert len(str(error)) < 1000
        assert path.read_bytes() == before
    else:
        assert hostile.harmless
        assert found == expected
    assert time.process_time() - began < SECONDS
    assert peak() - memory < MEGABYTES
