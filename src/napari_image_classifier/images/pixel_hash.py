"""Hashes of an image's pixels, computed while its planes are read anyway."""

import numpy as np
import xxhash

from napari_image_classifier.images.image import Image
from napari_image_classifier.typing import AnyArray

# XXH3 does not protect against forgery; a folder takes no longer with it.
ALGORITHM = "xxh3_128"
# In place of a channel's number.
_MASK_CHANNEL = -1


class PixelHash:
    """Hashes of the planes that are read of an image and its mask from now on.

    Values are hashed as they are in the file, before any projection or scaling, with the type,
    the shape and the place (time, channel, z) of each plane. So the same pixels hash alike however
    they are compressed and in whatever order they are read, and one changed pixel does not.

    Parameters
    ----------
    image
        The image. It is watched by one hash at a time, the latest (`Image.watch`).
    """

    def __init__(self, image: Image) -> None:
        self._planes: dict[tuple[int, int, int], bytes] = {}
        self._of_mask: dict[tuple[int, int, int], bytes] = {}
        self._latest = ""
        image.watch(self._add)
        if image.mask is not None:
            image.mask.watch(self._add_of_mask)

    def hexdigest(self) -> str:
        """Return the hash of the planes read since the last call, as 32 hexadecimal digits.

        All planes of the mask that have been read count. Where no plane was read since, as for
        objects cut from the same planes, it is the hash of the last call.
        """
        if self._planes or not self._latest:
            planes, self._planes = self._planes | self._of_mask, {}
            whole = xxhash.xxh3_128()
            for place in sorted(planes):
                whole.update(np.array(place, "<i8").tobytes())
                whole.update(planes[place])
            self._latest = whole.hexdigest()
        return self._latest

    def _add(self, time: int, channel: int, z: int, plane: AnyArray) -> None:
        self._planes[time, channel, z] = _digest(plane)

    def _add_of_mask(self, time: int, channel: int, z: int, plane: AnyArray) -> None:
        self._of_mask[time, _MASK_CHANNEL, z] = _digest(plane)


def _digest(plane: AnyArray) -> bytes:
    values = np.ascontiguousarray(plane, plane.dtype.newbyteorder("<"))
    plane_hash = xxhash.xxh3_128(f"{values.dtype.str} {values.shape}".encode())
    plane_hash.update(values.data)
    return plane_hash.digest()
