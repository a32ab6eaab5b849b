"""Synthetic images of cells, for napari's File > Open Sample, the demo and the examples.

The nucleus is in channel "DNA". The protein in channel "GFP" is spread out in *control* cells and
aggregated in *depleted* ones. Both classes have the same amount of it, which differs from cell to
cell, so the mean intensity says nothing about the class.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_image_classifier.images.image import Image
from napari_image_classifier.images.pixel_size import PixelSize
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.typing import Float64Array

CLASS_NAMES = ("control", "depleted")
CHANNEL_NAMES = ("DNA", "GFP")
PIXEL_SIZE = PixelSize(0.2, 0.2, 0.5)
# Shapes and widths in the order (z, y, x), in pixels.
STACK_SHAPE = (6, 128, 128)
BLUR = (1.1, 1.4, 1.4)
CELLS = (6, 9)
NUCLEUS_RADIUS = (8.0, 11.0)
CAMERA_OFFSET = 100.0
READ_NOISE = 3.0
LIGHT_LOST_AT_CORNER = 0.35


def make_sample_image(class_name: str, seed: int) -> Image:
    """Return a simulated image of cells of one class.

    Parameters
    ----------
    class_name
        "control" or "depleted".
    seed
        Not negative. The same seed gives the same image.

    Returns
    -------
    Image
        Axes "CZYX", shape (2, 6, 128, 128), uint16: camera counts.

    Raises
    ------
    ValueError
        There is no such class.
    """
    if class_name not in CLASS_NAMES:
        raise ValueError(f"the classes are {' and '.join(CLASS_NAMES)}, not {class_name!r}")
    random = np.random.default_rng((seed, CLASS_NAMES.index(class_name)))
    nuclei, protein = np.zeros((2, *STACK_SHAPE))
    for centre in _centres(random):
        nucleus, cell = _shapes(centre, random)
        nuclei += 60 * random.lognormal(0, 0.15) * _textured(nucleus, random)
        aggregated = random.uniform(0.35, 0.75) if class_name == "depleted" else 0.0
        protein += _protein(cell * ~(nucleus > 0), aggregated, random)
    light = _light(random)
    pixels = np.stack([_photographed(channel, light, random) for channel in (nuclei, protein)])
    return Image.from_array(
        pixels,
        "CZYX",
        channel_names=CHANNEL_NAMES,
        name=f"{class_name}_{seed:03d}.tif",
        pixel_size=PIXEL_SIZE,
    )


def write_sample_folder(folder: str | Path, images_per_class: int = 24, seed: int = 0) -> Path:
    """Write simulated images of both classes, one sub-folder per class.

    Parameters
    ----------
    folder
        Made where it is not there; images of the same names in it are replaced.
    images_per_class
        How many images of each class.
    seed
        The seed of each class's first image; it goes up by one from image to image. So folders have
        no image in common whose seeds are at least ``images_per_class`` apart.

    Returns
    -------
    Path
        ``folder``.
    """
    folder = Path(folder)
    for class_name in CLASS_NAMES:
        (folder / class_name).mkdir(parents=True, exist_ok=True)
        for number in range(images_per_class):
            image = make_sample_image(class_name, seed + number)
            write_image(folder / class_name / image.name, image)
    return folder


def _centres(random: np.random.Generator) -> list[tuple[float, float]]:
    """Return (y, x) of nuclei that don't overlap; fewer than drawn where there is no room."""
    n_cells = random.integers(*CELLS, endpoint=True)
    centres: list[tuple[float, float]] = []
    for y, x in random.uniform(6, np.array(STACK_SHAPE[1:]) - 6, (200, 2)):
        apart = all(np.hypot(y - other_y, x - other_x) > 27 for other_y, other_x in centres)
        if apart and len(centres) < n_cells:
            centres.append((y, x))
    return centres


def _shapes(
    centre: tuple[float, float], random: np.random.Generator
) -> tuple[Float64Array, Float64Array]:
    """Return nucleus and cell, 1 inside and 0 outside, each an ellipsoid that lies on the glass."""
    radius = random.uniform(*NUCLEUS_RADIUS)
    angle, stretch = random.uniform(0, np.pi), random.uniform(1.0, 1.4)
    depth, height, width = STACK_SHAPE
    z, y, x = np.ogrid[:depth, :height, :width]
    along = (x - centre[1]) * np.cos(angle) + (y - centre[0]) * np.sin(angle)
    across = (y - centre[0]) * np.cos(angle) - (x - centre[1]) * np.sin(angle)
    flat = np.hypot(along / stretch, across * stretch)
    middle = depth / 2 - 0.5 + random.uniform(-0.4, 0.4)

    def ellipsoid(radius: float, thickness: float) -> Float64Array:
        inside = (flat / radius) ** 2 + ((z - middle) / thickness) ** 2 < 1
        return np.asarray(inside, np.float64)

    return ellipsoid(radius, 2.2), ellipsoid(radius * 1.9, 2.6)


def _textured(shape: Float64Array, random: np.random.Generator) -> Float64Array:
    from scipy.ndimage import gaussian_filter

    grain = gaussian_filter(random.normal(size=shape.shape), (0.8, 2, 2))
    return np.asarray(shape * np.clip(1 + 0.25 * grain / grain.std(), 0.2, None))


def _protein(cell: Float64Array, aggregated: float, random: np.random.Generator) -> Float64Array:
    """Return photons per voxel; the fraction ``aggregated`` of the cell's protein is in spots."""
    amount = 45 * random.lognormal(0, 0.4) * cell.sum()
    spread = _textured(cell, random)
    protein = amount * (1 - aggregated) * spread / max(spread.sum(), 1e-9)
    if aggregated > 0:
        voxels = np.argwhere(cell > 0)
        n_spots = random.integers(10, 25)
        shares = random.dirichlet(np.full(n_spots, 4.0))
        places = tuple(voxels[random.integers(len(voxels), size=n_spots)].T)
        np.add.at(protein, places, amount * aggregated * shares)
    return np.asarray(protein, np.float64)


def _light(random: np.random.Generator) -> Float64Array:
    """Return the illumination, shape (y, x): brightest near the middle, where it is 1."""
    height, width = STACK_SHAPE[1:]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    aside_y, aside_x = random.uniform(-0.3, 0.3, 2)
    return np.asarray(1 - LIGHT_LOST_AT_CORNER * ((y - aside_y) ** 2 + (x - aside_x) ** 2) / 2)


def _photographed(
    photons: Float64Array, light: Float64Array, random: np.random.Generator
) -> npt.NDArray[np.uint16]:
    """Return what the camera counts of ``photons``, shape (z, y, x), through the microscope."""
    from scipy.ndimage import gaussian_filter

    background = 4.0
    blurred = gaussian_filter(photons, BLUR) * light + background
    counts: Any = random.poisson(blurred) + random.normal(CAMERA_OFFSET, READ_NOISE, photons.shape)
    return np.asarray(np.clip(np.rint(counts), 0, 2**16 - 1), np.uint16)
