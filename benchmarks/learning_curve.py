"""How accuracy grows with images a class, beside texture features and logistic regression.

    python benchmarks/learning_curve.py FOLDER [--images 5,10,20,50,100] [--seeds 3]

FOLDER is as in mitocheck_folds.py. Of the plates of one fold, that many nuclei of each class (or
all there are) are learnt from, drawn anew for each seed and from at least two plates; the nuclei of
the other plates are predicted. The features are those that labs usually take (percentiles, grey-
level co-occurrence, local binary patterns), scaled and given to logistic regression with balanced
classes, its strength chosen by cross-validation by plate.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from mitocheck_folds import balanced, folds
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import napari_image_classifier as nic
from napari_image_classifier.images.names.patterns import ImageFiles

FOLD = 1
GREYS = 32
PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", default="5,10,20,50,100")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    table = nic.read_items(given.folder, items_csv=given.folder / "labels.csv", group="plate")
    truth = np.array([item.class_name for item in table.items])
    plates = np.array([item.group for item in table.items])
    features = np.array([texture(item.image) for item in table.items])
    learnt, kept = folds(truth, plates)[FOLD - 1]
    for number in map(int, given.images.split(",")):
        found = []
        for seed in range(given.seeds):
            drawn = draw(learnt, truth, plates, number, seed)
            ours = by_network(table, drawn, kept, seed)
            theirs = by_texture(features, truth, plates, drawn, kept)
            found.append([score(truth[kept], said) for said in (ours, theirs)])
        for name, scores in zip(("ours", "texture"), np.swapaxes(found, 0, 1), strict=True):
            (accuracy, even), (low, _), (high, _) = scores.mean(0), scores.min(0), scores.max(0)
            print(f"{number} a class, {len(drawn)} nuclei, {name}: accuracy {accuracy:.3f} "
                  f"({low:.3f} to {high:.3f}), balanced {even:.3f}", flush=True)  # fmt: skip


def draw(
    learnt: np.ndarray, truth: np.ndarray, plates: np.ndarray, number: int, seed: int
) -> np.ndarray:
    """Return the indices of ``number`` nuclei of each class, from at least two plates."""
    random = np.random.default_rng(seed)
    drawn = []
    for name in sorted(set(truth)):
        members = random.permutation(learnt[truth[learnt] == name])
        chosen = members[:number]
        if len(set(plates[chosen])) == 1:
            other = members[plates[members] != plates[chosen[0]]][0]
            chosen = np.append(chosen[:-1], other)
        drawn.append(chosen)
    return np.concatenate(drawn)


def by_network(table: nic.ItemTable, drawn: np.ndarray, kept: np.ndarray, seed: int) -> np.ndarray:
    items = replace(table, items=tuple(table.items[i] for i in drawn))
    with tempfile.TemporaryDirectory() as folder:
        classifier = nic.train(
            items,
            nic.TrainingConfig(seed=seed),
            output=Path(folder) / "drawn.keras",
            in_process=True,
        )
        return np.array([classifier.predict(table.items[i].image).class_name for i in kept])


def by_texture(
    features: np.ndarray,
    truth: np.ndarray,
    plates: np.ndarray,
    drawn: np.ndarray,
    kept: np.ndarray,
) -> np.ndarray:
    model = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=5000)
    )
    search = GridSearchCV(model, {"logisticregression__C": [0.01, 0.1, 1, 10]}, cv=GroupKFold(3))
    search.fit(features[drawn], truth[drawn], groups=plates[drawn])
    return search.predict(features[kept])


def texture(files: ImageFiles) -> np.ndarray:
    """Return percentiles, co-occurrence and local binary patterns of a nucleus."""
    with nic.read_image(files) as image:
        pixels = np.asarray(image.plane(), np.float64)
    low, high = np.percentile(pixels, (1, 99))
    greys = np.clip((pixels - low) / max(high - low, 1) * (GREYS - 1), 0, GREYS - 1).astype(
        np.uint8
    )
    pairs = graycomatrix(
        greys, [1, 2, 4, 8], [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4], GREYS, True, True
    )
    found = [graycoprops(pairs, name).mean(axis=1) for name in PROPERTIES]
    for radius in (1, 2, 4):
        patterns = local_binary_pattern(greys, 8, radius, "uniform")
        found.append(np.histogram(patterns, bins=10, range=(0, 10), density=True)[0])
    moments = [pixels.mean(), pixels.std(), *np.percentile(pixels, (1, 5, 25, 50, 75, 95, 99))]
    return np.concatenate([*found, moments, [(greys > GREYS // 3).mean()]])


def score(truth: np.ndarray, said: np.ndarray) -> tuple[float, float]:
    right = said == truth
    return float(right.mean()), balanced(truth, right)


if __name__ == "__main__":
    main()
