"""HDF5 from anywhere: plain arrays that lie in the file itself, and texts of a sane length.

HDF5 can point into other files, hold the same group within itself, and unpack a few bytes to
gigabytes; files as Keras writes them do none of that. It is read in the compute process alone,
which may crash without harm.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from napari_image_classifier.classifiers.limits import refused_in_a_sentence
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.system.declared_sizes import checked_memory, checked_number

MOST_OBJECTS = 20_000
DEEPEST = 32
MOST_AXES = 8
# Of one group or array: Keras writes some texts beside each, and names of layers in parts.
MOST_ATTRIBUTES = 200
LARGEST_ATTRIBUTE = 16 * 1024**2
# As long as the names of a layer's arrays may be in HDF5.
LARGEST_TEXTS = 65_536


@contextmanager
def opened_hdf5(path: Path) -> Iterator[Any]:
    """Yield the open file.

    Raises
    ------
    ClassifierFileError
        It is damaged, as far as it is read in the block; the sentence begins with "its weights".
    """
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except ClassifierFileError:
        raise
    except Exception as error:
        # HDF5 raises errors of half a dozen types for a damaged file.
        raise ClassifierFileError(f"its weights are damaged ({_shortened(error)})") from error


def checked_arrays(file: Any, size: int) -> Iterator[Any]:
    """Yield every array of a file of ``size`` bytes, which was looked at.

    Raises
    ------
    ClassifierFileError
        The sentence, which begins with "its weights", says what is wrong with it.
    """
    _check_attributes(file)
    total = 0
    for dataset in _arrays(file, set(), DEEPEST):
        total += _check_array(dataset)
        if total > size:
            raise ClassifierFileError("its weights declare more numbers than there are")
        yield dataset


def numbers_of(dataset: Any) -> Any:
    """Return the values of an array that was looked at.

    Raises
    ------
    ClassifierFileError
        Some are no numbers.
    """
    values = dataset[()]
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ClassifierFileError("its weights hold numbers without a value (NaN or infinite)")
    return values


def write_anew(path: Path, copy: Path) -> None:
    """Write a file with the arrays of another one, and the names by which they are found.

    Parameters
    ----------
    path
        A file of weights from anywhere.
    copy
        The file that is written: plain arrays and texts, which Keras may open.

    Raises
    ------
    ClassifierFileError
        The sentence, which begins with "its weights", says what is wrong with it.
    """
    import h5py

    if not path.is_file():
        raise ClassifierFileError("its weights are in no ordinary file")
    with opened_hdf5(path) as file, h5py.File(copy, "w") as anew:
        for dataset in checked_arrays(file, path.stat().st_size):
            anew.create_dataset(dataset.name, data=numbers_of(dataset))
        # All links were looked at: they lead to a part of the file itself, each to another.
        for group in (file, *_groups(file)):
            into = anew.require_group(group.name)
            for name in group.attrs:
                stored = group.attrs.get_id(name)
                if math.prod(stored.shape or ()) * stored.dtype.itemsize > LARGEST_TEXTS:
                    raise ClassifierFileError(f"its weights have far too long a text “{name[:60]}”")
                texts = np.ravel(group.attrs[name])
                # Of a layer that has learnt nothing, none.
                if all(isinstance(one, str | bytes) for one in texts):
                    into.attrs[name] = group.attrs[name]


def _groups(group: Any) -> Iterator[Any]:
    import h5py

    for inner in group.values():
        if isinstance(inner, h5py.Group):
            yield inner
            yield from _groups(inner)


def _arrays(group: Any, seen: set[int], deepest: int) -> Iterator[Any]:
    import h5py

    if deepest == 0:
        raise ClassifierFileError("its weights are in groups in groups in groups")
    for name in group.id:
        link = group.id.links.get_info(name)
        if link.type != h5py.h5l.TYPE_HARD:
            raise ClassifierFileError("its weights point to another place or another file")
        info = h5py.h5o.get_info(group.id, name)
        if info.addr in seen or len(seen) >= MOST_OBJECTS:
            raise ClassifierFileError("its weights hold a part twice, or far too many parts")
        seen.add(info.addr)
        if info.type == h5py.h5o.TYPE_GROUP:
            inner = h5py.Group(h5py.h5g.open(group.id, name))
            _check_attributes(inner)
            yield from _arrays(inner, seen, deepest - 1)
        elif info.type == h5py.h5o.TYPE_DATASET:
            array = h5py.Dataset(h5py.h5d.open(group.id, name))
            _check_attributes(array)
            yield array
        else:
            raise ClassifierFileError("its weights hold something that is no array")


def _check_attributes(part: Any) -> None:
    import h5py

    n_attributes = h5py.h5a.get_num_attrs(part.id)
    with refused_in_a_sentence("its weights have more beside them than Keras writes"):
        checked_number(n_attributes, "attributes", MOST_ATTRIBUTES)
        for index in range(n_attributes):
            attribute = h5py.h5a.open(part.id, index=index)
            # Of lists of any length nobody knows how long they are before they are read.
            kind = attribute.get_type()
            if isinstance(kind, h5py.h5t.TypeVlenID):
                raise ClassifierFileError("its weights have lists beside them")
            lengths = attribute.shape or ()
            checked_memory(lengths, "attributes", LARGEST_ATTRIBUTE, each=kind.get_size())


def _check_array(dataset: Any) -> int:
    """Return how many bytes of the file an array takes."""
    import h5py

    how = dataset.id.get_create_plist()
    plain = how.get_layout() in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
    if not plain or how.get_nfilters() or how.get_external_count():
        raise ClassifierFileError("its weights are packed, or lie elsewhere")
    if dataset.dtype.kind not in "fiub" or dataset.dtype.itemsize > 8 or dataset.shape is None:
        raise ClassifierFileError("its weights hold something else than numbers")
    # Where it is 0, h5py raises any error that HDF5 met before; of no numbers nobody asks it.
    stored = dataset.id.get_storage_size() if dataset.nbytes else 0
    if dataset.ndim > MOST_AXES or stored < dataset.nbytes:
        raise ClassifierFileError("its weights declare more numbers than there are")
    return int(dataset.nbytes)


def text_of(file: Any, name: str, largest: int) -> bytes | None:
    """Return the text that stands at the file's root under ``name``, None where there is none.

    Raises
    ------
    ClassifierFileError
        It is no text, or one of more than ``largest`` bytes.
    """
    import h5py

    if not h5py.h5a.exists(file.id, name.encode()):
        return None
    stored = h5py.h5a.open(file.id, name.encode())
    if stored.shape not in ((), (1,)) or not isinstance(stored.get_type(), h5py.h5t.TypeStringID):
        raise ClassifierFileError(f"its part {name} is no text")
    if stored.get_type().get_size() > largest:
        raise ClassifierFileError(f"its part {name} is too large")
    value = np.ravel(file.attrs[name])[0]
    content = value.encode() if isinstance(value, str) else bytes(value)
    if len(content) > largest:
        raise ClassifierFileError(f"its part {name} is too large ({len(content) / 1e6:.0f} MB)")
    return content


def _shortened(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
