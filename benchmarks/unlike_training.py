"""How often a classifier says of an image that it is unlike its training.

    python benchmarks/unlike_training.py FOLDER [--epochs N] [--seed N] [--random] [--without CLASS]
                                         [--other FOLDER] [--output classifier.keras]

FOLDER holds labels.csv with the columns file, class and plate (nuclei), or file, class, well and
plate_half (fields of two channels). Nuclei are learnt from on four of the five folds of
`mitocheck_folds`, and those of the fifth, on plates never seen, are tested; with --random the folds
don't respect plates. Of fields, the controls of the upper half of the plate are learnt from and
those of the lower half tested. A class given by --without is not learnt from, but tested.

Tested images are changed as accidents at a microscope change them. Blurs are given in pixels of the
image; "with noise" has the finest noise of the image again, as defocus takes none of the camera's.
An output that is there already is tested and not trained again.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import skimage.data
import skimage.io
from mitocheck_folds import folds, random_folds
from scipy import ndimage
from skimage.color import rgb2gray
from skimage.transform import resize

import napari_image_classifier as nic

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
GREY = ("camera", "coins", "text", "page", "clock", "brick", "grass", "gravel")
PHOTOGRAPHED = 24

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=nic.TrainingConfig().epochs)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--without", metavar="CLASS", default="")
    parser.add_argument("--other", type=Path, help="a folder of images of another stain")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    learnt, tested, table = split(given.folder, random=given.random)
    unseen = [item for item in tested if item.class_name == given.without]
    learnt, tested = (
        [item for item in items if item.class_name != given.without] for items in (learnt, tested)
    )
    output = given.output or Path(tempfile.mkdtemp()) / "classifier.keras"
    if output.exists():
        classifier = nic.load_classifier(output)
    else:
        config = nic.TrainingConfig(epochs=given.epochs, seed=given.seed)
        classifier = nic.train(
            replace(table, items=tuple(learnt)), config, output=output, in_process=True
        )
    print(f"{len(learnt)} images learnt from, {len(tested)} tested; temperature "
          f"{classifier.description.temperature:.2f}")  # fmt: skip
    images = [nic.read_image(item.image) for item in tested]
    show("images of the training's kind", map(classifier.predict, images))
    right = [classifier.predict(image).class_name == item.class_name
             for image, item in zip(images, tested, strict=True)]  # fmt: skip
    print(f"  accuracy {np.mean(right):.3f}")
    if unseen:
        show(f"a class never seen, {given.without}",
             (classifier.predict(item.image) for item in unseen))  # fmt: skip
    for name, change in CHANGES.items():
        random = np.random.default_rng(0)
        show(name, (classifier.predict(changed(image, change, random)) for image in images))
    show("a colour photograph", map(predicted_or_refused(classifier), photographs(images[0])))
    show("a grey photograph", map(classifier.predict, grey_photographs(images[0])))
    if given.other:
        show("another stain", map(classifier.predict, other_stain(given.other, images[0])))
    elif images[0].n_channels > 1:
        show("stains exchanged", (classifier.predict(exchanged(image)) for image in images))


def split(folder: Path, *, random: bool) -> tuple[list[nic.Item], list[nic.Item], nic.ItemTable]:
    """Return the items to learn from, those to test with, and the table they are of."""
    header = (folder / "labels.csv").read_text().splitlines()[0].split(",")
    if "plate_half" in header:
        table = nic.read_items(folder, items_csv=folder / "labels.csv", group="well")
        controls = [item for item in table.items if "control" in str(item.class_name)]
        halves = ([item for item in controls if item.columns["plate_half"] == half]
                  for half in ("rows_A-D", "rows_E-H"))  # fmt: skip
        return *halves, table
    table = nic.read_items(folder, items_csv=folder / "labels.csv", group="plate")
    truth = np.array([item.class_name for item in table.items])
    plates = np.array([item.group for item in table.items])
    learnt, tested = (random_folds(truth) if random else folds(truth, plates))[0]
    return [table.items[i] for i in learnt], [table.items[i] for i in tested], table


def show(name: str, predictions: Iterator[nic.Prediction]) -> None:
    found = list(predictions)
    unlike = [one for one in found if one.status != "ok"]
    reasons = Counter(one.message for one in unlike).most_common(3)
    print(f"{name}: {len(unlike)} of {len(found)} ({len(unlike) / len(found):.3f})", flush=True)
    for reason, count in reasons:
        print(f"    {count} × {reason}")


def changed(image: nic.Image, change: Change, random: np.random.Generator) -> nic.Image:
    """Return the image with each of its channels changed, of the same type."""
    pixels = image.asarray()
    largest = np.iinfo(pixels.dtype).max
    planes = [
        change(plane.astype(float), random) for plane in pixels.reshape(-1, *pixels.shape[-2:])
    ]
    made = np.clip(np.rint(np.stack(planes)), 0, largest).astype(pixels.dtype)
    return like(image, made.reshape(pixels.shape))


def like(image: nic.Image, pixels: np.ndarray) -> nic.Image:
    """Return an image of other pixels that says the same of itself."""
    names = image.channel_names if image.channels_named else None
    return nic.Image.from_array(
        pixels, image.axes, channel_names=names, pixel_size=image.pixel_size
    )


def finest_noise(plane: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return noise as strong as the image's own, after Immerkær (1996)."""
    kernel = np.outer([1, -2, 1], [1, -2, 1])
    strength = np.sqrt(np.pi / 2) / 6 * np.abs(ndimage.convolve(plane, kernel)).mean()
    return random.normal(0, strength, plane.shape)


def blurred(deviation: float, *, noisy: bool) -> Change:
    def change(plane: np.ndarray, random: np.random.Generator) -> np.ndarray:
        blurry = ndimage.gaussian_filter(plane, deviation, mode="nearest")
        return blurry + finest_noise(plane, random) if noisy else blurry

    return change


def magnified(plane: np.ndarray, random: np.random.Generator) -> np.ndarray:
    height, width = plane.shape
    inner = plane[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return resize(inner, plane.shape, order=1, preserve_range=True)


def reduced(plane: np.ndarray, random: np.random.Generator) -> np.ndarray:
    small = resize(plane, [length // 2 for length in plane.shape], order=1, preserve_range=True,
                   anti_aliasing=True)  # fmt: skip
    return np.pad(small, [(length // 4, length - length // 2 - length // 4)
                          for length in plane.shape], mode="reflect")  # fmt: skip


def largest_of(plane: np.ndarray) -> float:
    return 255.0 if plane.max() <= 255 else 65535.0


CHANGES: dict[str, Change] = {
    "blank, all 0": lambda plane, random: np.zeros_like(plane),
    "blank, background and noise": lambda plane, random: (
        np.full_like(plane, np.percentile(plane, 1)) + finest_noise(plane, random)
    ),
    "saturated": lambda plane, random: np.full_like(plane, largest_of(plane)),
    "eight times as bright": lambda plane, random: 8 * plane,
    "noise, even": lambda plane, random: random.uniform(0, largest_of(plane), plane.shape),
    "noise, pixels shuffled": lambda plane, random: random.permuted(plane.ravel()).reshape(
        plane.shape
    ),
    **{
        f"blurred by {deviation:g} px{', with noise' if noisy else ''}": blurred(
            deviation, noisy=noisy
        )
        for deviation in (1, 2, 4, 8)
        for noisy in (False, True)
    },
    "magnified 2 times": magnified,
    "magnified 0.5 times": reduced,
}


def exchanged(image: nic.Image) -> nic.Image:
    axis = image.axes.index("C")
    return like(image, np.flip(image.asarray(), axis))


def scaled_to(image: nic.Image, picture: np.ndarray) -> np.ndarray:
    """Return a picture with values from 0 to 1 in the image's own range of intensities."""
    pixels = image.asarray()
    low, high = np.percentile(pixels, (0.5, 99.5))
    return (low + picture * (high - low)).astype(pixels.dtype)


def pieces(pictures: list[np.ndarray], shape: tuple[int, int]) -> Iterator[np.ndarray]:
    random = np.random.default_rng(0)
    for number in range(PHOTOGRAPHED):
        picture = pictures[number % len(pictures)]
        side = min(picture.shape[:2]) // 2
        y, x = (random.integers(0, length - side) for length in picture.shape[:2])
        piece = picture[y : y + side, x : x + side]
        yield resize(piece, (*shape, *picture.shape[2:]))


def photographs(image: nic.Image) -> Iterator[Path]:
    """Yield colour photographs in files, as a camera writes them."""
    folder = Path(tempfile.mkdtemp())
    pictures = [getattr(skimage.data, name)()[..., :3] for name in PHOTOGRAPHS]
    for number, piece in enumerate(pieces(pictures, image.shape[-2:])):
        path = folder / f"{number}.png"
        skimage.io.imsave(path, (255 * piece).astype(np.uint8), check_contrast=False)
        yield path


def grey_photographs(image: nic.Image) -> Iterator[nic.Image]:
    pictures = [getattr(skimage.data, name)() for name in GREY]
    pictures += [rgb2gray(getattr(skimage.data, name)()[..., :3]) for name in PHOTOGRAPHS]
    for piece in pieces([one / one.max() for one in pictures], image.shape[-2:]):
        pixels = scaled_to(image, piece)
        yield like(image, np.broadcast_to(pixels, image.shape))


def other_stain(folder: Path, image: nic.Image) -> Iterator[nic.Image]:
    """Yield crops of the first channel of other images, as bright as the training's."""
    shape = image.shape[-2:]
    for item in nic.read_items(folder, items_csv=folder / "labels.csv").items:
        plane = nic.read_image(item.image).plane(channel=0).astype(float)
        middle = [length // 2 for length in plane.shape]
        piece = plane[tuple(slice(m, m + length) for m, length in zip(middle, shape, strict=True))]
        low, high = np.percentile(piece, (0.5, 99.5))
        pixels = scaled_to(image, np.clip((piece - low) / (high - low), 0, 1))
        yield like(image, np.broadcast_to(pixels, image.shape))


def predicted_or_refused(classifier: nic.Classifier) -> Callable[[Path], nic.Prediction]:
    def predict(path: Path) -> nic.Prediction:
        try:
            return classifier.predict(path)
        except nic.ImageClassifierError as error:
            return nic.Prediction(path.name, "", "error", message=str(error))

    return predict


if __name__ == "__main__":
    main()
