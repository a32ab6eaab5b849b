"""The networks of an evaluation, one per seed and fold; what is done is kept when it is stopped."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_image_classifier.arrays import Float64Array, IntArray
from napari_image_classifier.safe_files import replace_file


class KeptRuns:
    """What networks said of the images of their fold, by seed and fold, kept in a file.

    Runs of another evaluation, with other images, folds or settings, are not taken up.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self._path = path
        self._key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        self._runs: dict[str, list[list[float]]] = {}
        if path.is_file():
            try:
                stored = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                return
            if stored.get("evaluation") == self._key:
                self._runs = stored["runs"]

    def get(self, seed: int, fold: int | str) -> Float64Array | None:
        """Return the probabilities (tested item, class) of a run that is done."""
        found = self._runs.get(f"{seed}/{fold}")
        return None if found is None else np.array(found, np.float64)

    def put(self, seed: int, fold: int | str, probabilities: Float64Array) -> None:
        """Keep the probabilities of a run."""
        self._runs[f"{seed}/{fold}"] = probabilities.tolist()
        with replace_file(self._path) as temporary:
            content = {"evaluation": self._key, "runs": self._runs}
            temporary.write_text(json.dumps(content), encoding="utf-8")

    def remove(self) -> None:
        """Remove the file, when all that it holds stands elsewhere."""
        self._path.unlink(missing_ok=True)


def within(
    learnt: IntArray, splits: Sequence[tuple[IntArray, IntArray]]
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield splits of a fold's items as splits of all items."""
    for training, validation in splits:
        yield learnt[training], learnt[validation]
