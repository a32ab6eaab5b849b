"""evaluation_runs: what is done is kept, for the same evaluation only."""

import numpy as np
import pytest

from napari_image_classifier.evaluation_runs import KeptRuns
from napari_image_classifier.training_config import TrainingRefused

SAID = np.array([[0.25, 0.75]])


def test_the_same_evaluation_takes_up_what_is_done(tmp_path):
    """Probabilities come back as they were put; when all is written elsewhere, the file goes."""
    path = tmp_path / "report.html.runs"
    KeptRuns(path, {"seed": 0}).put("sealed", SAID)
    again = KeptRuns(path, {"seed": 0})
    np.testing.assert_array_equal(again.get("sealed"), SAID)
    assert again.get("fold 1") is None
    again.remove()
    assert not path.exists()


def test_another_evaluation_does_not_write_over_it(tmp_path):
    """Hours of training are not thrown away for a changed setting."""
    path = tmp_path / "report.html.runs"
    KeptRuns(path, {"seed": 0}).put("sealed", SAID)
    with pytest.raises(TrainingRefused, match=r"report\.html\.runs holds an evaluation"):
        KeptRuns(path, {"seed": 1})
    assert KeptRuns(path, {"seed": 0}).get("sealed") is not None


def test_a_damaged_file_is_begun_anew(tmp_path):
    """There is nothing in it to lose."""
    path = tmp_path / "report.html.runs"
    path.write_text("{", encoding="utf-8")
    kept = KeptRuns(path, {"seed": 0})
    kept.put("sealed", SAID)
    assert KeptRuns(path, {"seed": 0}).get("sealed") is not None
