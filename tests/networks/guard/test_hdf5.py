"""HDF5 of the guard: what honest files have, an array or a list of no length among it."""

from contextlib import suppress

import h5py
import numpy as np
import pytest

from helpers.paths import KERAS_FILES
from napari_image_classifier.networks.guard.hdf5 import checked_arrays, opened_hdf5, text_of


@pytest.fixture
def earlier_error(tmp_path):
    """HDF5 keeps its last error, which h5py raises where a later answer is 0."""
    with suppress(OSError):
        h5py.h5f.open(str(tmp_path / "not there.h5").encode())
    with h5py.File(tmp_path / "empty.h5", "w") as file, suppress(KeyError):
        h5py.h5a.open(file.id, b"not there")


@pytest.mark.usefixtures("earlier_error")
def test_lists_and_arrays_of_no_length_are_honest(tmp_path):
    """Keras 2 writes a list of no names beside a layer that has learnt nothing."""
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["weight_names"] = np.array([], "S1")
        file.attrs["model_config"] = b"{}"
        file["nothing"] = np.zeros((0, 3), np.float32)
        file["kernel"] = np.ones((2, 3), np.float32)
    with opened_hdf5(path) as file:
        shapes = [array.shape for array in checked_arrays(file, path.stat().st_size)]
        assert sorted(shapes) == [(0, 3), (2, 3)]
        assert text_of(file, "model_config", 10) == b"{}"


@pytest.mark.usefixtures("earlier_error")
@pytest.mark.parametrize("path", sorted(KERAS_FILES.glob("*.h5")), ids=lambda path: path.name)
def test_files_of_keras_2_are_honest(path):
    """Each has something in it."""
    with opened_hdf5(path) as file:
        assert list(checked_arrays(file, path.stat().st_size))
