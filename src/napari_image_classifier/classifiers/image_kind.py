"""What sort of image a file holds, whatever it shows: bit depth, colours, pixel size."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from napari_image_classifier.images.image import Image

# A pixel this many times as large is another magnification.
OTHER_MAGNIFICATION = 1.25


@dataclass(frozen=True)
class ImageKind:
    """What an image's file says besides its pixels.

    ``bits`` are those of a pixel, None where pixels are fractions, as those of computed images;
    ``pixel_size`` is in µm, None where the file does not say.
    """

    bits: int | None
    is_rgb: bool
    pixel_size: float | None

    @classmethod
    def of(cls, image: Image) -> Self:
        """Return the kind of an image."""
        size = image.pixel_size
        return cls(
            8 * image.dtype.itemsize if np.issubdtype(image.dtype, np.integer) else None,
            image.is_rgb,
            size.x if size is not None and size.unit == "µm" else None,
        )


@dataclass(frozen=True)
class KnownKinds:
    """The kinds of image that a classifier learnt from.

    ``bits`` holds every depth, sorted, and is empty where some images had fractions; ``pixel_size``
    holds the smallest and the largest in µm, None where some file did not say.
    """

    bits: tuple[int, ...]
    rgb: bool
    pixel_size: tuple[float, float] | None

    @classmethod
    def of(cls, kinds: Sequence[ImageKind]) -> Self:
        """Return what the images of a training have been."""
        depths = {kind.bits for kind in kinds}
        sizes = [kind.pixel_size for kind in kinds]
        known = [size for size in sizes if size is not None]
        return cls(
            tuple(sorted(bits for bits in depths if bits is not None))
            if None not in depths
            else (),
            any(kind.is_rgb for kind in kinds),
            (min(known), max(known)) if len(known) == len(sizes) else None,
        )

    def why_other(self, kind: ImageKind) -> str:
        """Return in a sentence why an image is of another kind; "" where it is of a known one."""
        if kind.is_rgb and not self.rgb:
            return "It is a colour picture, and the classifier learnt from none."
        if self.bits and kind.bits is not None and kind.bits not in self.bits:
            learnt = " and ".join(f"{bits}-bit" for bits in self.bits)
            return f"It is a {kind.bits}-bit image, and the classifier learnt from {learnt} ones."
        if self.pixel_size is None or kind.pixel_size is None:
            return ""
        smallest, largest = self.pixel_size
        within = smallest / OTHER_MAGNIFICATION <= kind.pixel_size <= largest * OTHER_MAGNIFICATION
        if within:
            return ""
        learnt = f"{smallest:.3g}" if smallest == largest else f"{smallest:.3g} to {largest:.3g}"
        return (
            f"Its pixels are {kind.pixel_size:.3g} µm wide, and those of the images that the "
            f"classifier learnt from {learnt} µm: another magnification."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the kinds as they stand in the classifier's file."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Any) -> Self:
        """Make the kinds from what `to_json` gave."""
        size = stored["pixel_size"]
        return cls(
            tuple(int(bits) for bits in stored["bits"]),
            bool(stored["rgb"]),
            (float(size[0]), float(size[1])) if size is not None else None,
        )
