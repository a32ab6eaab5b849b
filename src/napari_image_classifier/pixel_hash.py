"""The hash of an image's pixels, taken of its planes as they are read anyway."""

import numpy as np
import xxhash

from napari_image_classifier.image_source import AnyArray
from napari_image_classifier.images import Image

# XXH3 is no protection against forgery; it is fast enough to be no burden on a folder.
ALGORITHM = "xxh3_128"


class PixelHash:
    """Hashes of the planes that are read of ``image`` from now on.

    Values are hashed as they are in the file, before any projection or scaling, with the type,
    the shape and the place (time, channel, z) of each plane. So the same pixels hash alike however
    they are compressed and in whatever order they are read, and one changed pixel does not.
    """

    def __init__(self, image: Image) -> None:
        self._planes: dict[tuple[int, int, int], bytes] = {}
        image.watch(self._add)

    def taken(self) -> str:
        """Return the hash of the planes read since the last call, as 32 hexadecimal digits."""
        planes, self._planes = self._planes, {}
        whole = xxhash.xxh3_128()
        for place in sorted(planes):
            whole.update(np.array(place, "<i8").tobytes())
            whole.update(planes[place])
        return whole.hexdigest()

    def _add(self, time: int, channel: int, z: int, plane: AnyArray) -> None:
        values = np.ascontiguousarray(plane, plane.dtype.newbyteorder("<"))
        of_plane = xxhash.xxh3_128(f"{values.dtype.str} {values.shape}".encode())
        of_plane.update(values.data)
        self._planes[time, channel, z] = of_plane.digest()
