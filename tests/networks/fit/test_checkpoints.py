"""A training that was ended from outside goes on, and comes to the very same networks."""

import json
import sys

import numpy as np
import pytest

from helpers.paths import PROGRAMS
from napari_image_classifier.networks.fit.checkpoints import Checkpoints

pytestmark = pytest.mark.long

CASES = PROGRAMS / "resumed_training.py"


def trained(keras_forks, images, output, *epochs):
    """What a training in a process of its own said; None where it was ended."""
    output.parent.mkdir(exist_ok=True)
    done = keras_forks.run(CASES, images, output, *epochs)
    assert done.returncode in (0, -9, 1 if sys.platform == "win32" else 0), done.stderr
    return json.loads(done.stdout) if done.returncode == 0 else None


@pytest.mark.timeout(600)
def test_it_goes_on_to_the_same_weights(keras_forks, tmp_path):
    """Ended in the first network, while that learns from everything, and in the second."""
    images = tmp_path / "images"
    undisturbed = trained(keras_forks, images, tmp_path / "whole" / "a.keras")
    output = tmp_path / "ended" / "a.keras"
    for epochs in (2, 3, 4):
        assert trained(keras_forks, images, output, epochs) is None
        assert not output.exists()
        assert list((tmp_path / "ended" / "a.keras.unfinished").glob("*.checkpoint"))
    resumed = trained(keras_forks, images, output)
    assert resumed["weights"] == undisturbed["weights"]
    assert resumed["history"] == undisturbed["history"]
    assert (undisturbed["gone on"], len(resumed["gone on"])) == ([], 2)
    assert resumed["left"] == undisturbed["left"] == ["a.keras", "a.manifest.json"]


def test_a_checkpoint_that_is_not_whole_is_passed_over(tmp_path):
    """The one before it is taken; only the last two of a series are kept."""
    kept = Checkpoints(tmp_path, "this training")
    for number in range(4):
        kept.keep("a", number, {"numbers": np.full(3, number)}, {"epoch": number})
    files = sorted(tmp_path.glob("*"))
    assert [path.name for path in files] == ["a-000002.checkpoint", "a-000003.checkpoint"]
    assert kept.latest("a").notes["epoch"] == 3
    content = files[1].read_bytes()
    for damaged in (content[:-1], content[:10], b"", content[:200] + b"\0" + content[201:]):
        files[1].write_bytes(damaged)
        found = kept.latest("a")
        assert (found.notes["epoch"], found.arrays["numbers"].tolist()) == (2, [2, 2, 2])


def test_those_of_another_training_are_passed_over_and_cleared_away(tmp_path):
    """Also what was being written when a process was ended."""
    Checkpoints(tmp_path, "another").keep("a", 1, {}, {})
    (tmp_path / ".writing-x.checkpoint").write_bytes(b"half")
    kept = Checkpoints(tmp_path, "this")
    assert kept.latest("a") is None
    kept.keep("b", 1, {}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["b-000001.checkpoint"]
    kept.clear()
    assert not tmp_path.exists()
