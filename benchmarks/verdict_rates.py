"""How often the verdict says what it should, on data of which the truth is known.

    python benchmarks/verdict_rates.py scores [--runs 1000]
    python benchmarks/verdict_rates.py null [--runs 400]
    python benchmarks/verdict_rates.py batch [--runs 400]

`scores` simulates right and wrong answers: two classes, 20 groups of 20 items, items of a group
alike. Without any signal it should say "better than chance" in at most 6 %, with a true accuracy of
0.75 in at least 90 %. `null` makes sets of images in which classes mean nothing and wells differ,
and sends them through the whole evaluation, texture features in the network's place: at most 7 %.
`batch` makes sets in which plates differ, in brightness or in how evenly they are lit, and each has
one class: "may be batch" in at least 95 %; and sets in which plates don't differ, with and without
a difference between classes: at most 5 %.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import napari_image_classifier as nic
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.evaluation.controls import Controls
from napari_image_classifier.evaluation.verdict import Evidence, verdict_of
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.statistics.intervals import balanced_interval
from napari_image_classifier.statistics.permutation_tests import (
    chance_of_predictions,
    either_of,
    paired_test,
)

GROUPS, ITEMS = 20, 20
SIDE = 48
PLATES, WELLS, IMAGES = 4, 6, 2
WELLS_OF_NO_PLATE = 20
BETTER = ("better", "no better than brightness")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("scores", "null", "batch"))
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    {"scores": scores, "null": null, "batch": batch}[given.kind](given.runs, given.seed)


def scores(runs: int | None, seed: int) -> None:
    random = np.random.default_rng(seed)
    for accuracy in (0.5, 0.75):
        for correlation in (0.05, 0.2, 0.4):
            kinds = Counter(
                one_of_scores(random, accuracy, correlation) for _ in range(runs or 1000)
            )
            print(f"accuracy {accuracy}, correlation {correlation}: {told(kinds)}", flush=True)


def one_of_scores(random: np.random.Generator, accuracy: float, correlation: float) -> str:
    units = np.repeat(np.arange(GROUPS), ITEMS)
    truth = units % 2
    first = units < GROUPS // 2
    ours, folds, simple = (
        answers(random, truth, units, one, correlation) for one in (accuracy, accuracy, 0.5)
    )
    halves = first, ~first
    chance = either_of(
        [chance_of_predictions(truth[half], ours[half], units[half]) for half in halves]
    )
    right, simply = ((one == truth).astype(float) for one in (ours, simple))
    evidence = Evidence(
        groups_per_class={"a": GROUPS // 2, "b": GROUPS // 2},
        score=balanced_interval(folds == truth, truth, units),
        chance=chance,
        simple=balanced_interval(simple == truth, truth, units),
        simple_chance=chance_of_predictions(truth, simple, units),
        over_simple=either_of(
            [paired_test(right[half], simply[half], truth[half], units[half]) for half in halves]
        ),
        controls=Controls(None, None),
    )
    return verdict_of(evidence).kind


def answers(
    random: np.random.Generator,
    truth: np.ndarray,
    units: np.ndarray,
    accuracy: float,
    correlation: float,
) -> np.ndarray:
    """Return predictions whose accuracy varies from group to group (beta-binomial)."""
    strength = 1 / correlation - 1
    by_group = random.beta(accuracy * strength, (1 - accuracy) * strength, GROUPS)
    right = random.random(len(truth)) < by_group[units]
    return np.where(right, truth, 1 - truth)


def null(runs: int | None, seed: int) -> None:
    random = np.random.default_rng(seed)

    def one(folder: Path) -> None:
        for well in range(WELLS_OF_NO_PLATE):
            level, cells = random.uniform(0.8, 1.25), random.integers(3, 8)
            for number in range(IMAGES):
                save(folder, "ab"[well % 2], "plate", well, number,
                     field(random, cells=cells, level=level))  # fmt: skip

    kinds = Counter(verdict(one) for _ in range(runs or 400))
    print(f"no signal: {told(kinds)}; above chance in "
          f"{sum(kinds[kind] for kind in BETTER) / kinds.total():.3f}", flush=True)  # fmt: skip


def batch(runs: int | None, seed: int) -> None:
    random = np.random.default_rng(seed)

    def plates(effect: Callable[[int], dict[str, Any]], differ: bool, tied: bool) -> Any:
        def one(folder: Path) -> None:
            plate_levels = random.permutation(PLATES)
            for plate in range(PLATES):
                for well in range(WELLS):
                    label = plate % 2 if tied else well % 2
                    for number in range(IMAGES):
                        size = 3.0 if differ and label else 2.0
                        pixels = field(random, size=size, **effect(plate_levels[plate]))
                        save(folder, "ab"[label], f"plate{plate}", well, number, pixels)

        return one

    cases = {
        "offset": (lambda level: {"offset": 20.0 * level}, False, True),
        "vignetting": (lambda level: {"vignetting": 0.15 * level}, False, True),
        "clean, plates tied": (lambda level: {}, True, True),
        "clean, plates tied, no signal": (lambda level: {}, False, True),
        "clean, plates crossed": (lambda level: {}, True, False),
        "offset, plates crossed": (lambda level: {"offset": 20.0 * level}, True, False),
    }
    for name, case in cases.items():
        kinds = Counter(verdict(plates(*case), acquisition="plate") for _ in range(runs or 400))
        print(f"{name}: {told(kinds)}", flush=True)


def field(
    random: np.random.Generator,
    *,
    cells: int = 5,
    size: float = 2.0,
    level: float = 1.0,
    offset: float = 0.0,
    vignetting: float = 0.0,
) -> np.ndarray:
    """Return oval cells, no two alike, on a background with noise, uint16 (y, x)."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    shape = np.zeros((SIDE, SIDE))
    for y, x in random.uniform(6, SIDE - 6, (cells, 2)):
        along, across = size * random.uniform(0.7, 1.4, 2)
        angle = random.uniform(0, np.pi)
        v, u = rows - y, columns - x
        a, b = np.cos(angle) * u + np.sin(angle) * v, np.cos(angle) * v - np.sin(angle) * u
        shape += np.exp(-((a / along) ** 2 + (b / across) ** 2) / 2) / (2 * np.pi)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    lit = 1 - vignetting * (x**2 + y**2) / 2
    return (random.poisson((2000 * level * shape + 100) * lit) + offset).astype(np.uint16)


def save(folder: Path, label: str, plate: str, well: int, number: int, pixels: np.ndarray) -> None:
    path = folder / label / f"{plate}_{plate}w{well}_s{number}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, Image.from_array(pixels, "YX"))


def verdict(make: Callable[[Path], None], acquisition: str | None = None) -> str:
    """Return the kind of verdict on a set of images."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make(folder / "images")
        table = nic.read_items(
            folder / "images",
            pattern="{plate}_{dish}_{number}.tif",
            group="dish",
            acquisition=acquisition,
        )
        try:
            return nic.evaluate(
                table, folder / "r.html", seeds=1, method="texture", curve=False, in_process=True
            ).verdict
        except TrainingRefused:
            return "refused"


def told(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {n / kinds.total():.3f}" for kind, n in kinds.most_common())


if __name__ == "__main__":
    main()
