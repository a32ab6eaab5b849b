"""Execution of runs: lanes share them, and what is done is kept for the same evaluation only."""

import threading

import numpy as np
import pytest

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.evaluation.execution import KeptRuns, LaneGoneError, done_runs
from napari_image_classifier.evaluation.plan import Run

PROBABILITIES = np.array([[0.25, 0.75]])


def test_the_same_evaluation_takes_up_what_is_done(tmp_path):
    """Probabilities come back as they were put; when all is written elsewhere, the file goes."""
    path = tmp_path / "report.html.runs"
    KeptRuns(path, {"seed": 0}).put("sealed", PROBABILITIES)
    again = KeptRuns(path, {"seed": 0})
    np.testing.assert_array_equal(again.get("sealed"), PROBABILITIES)
    assert again.get("fold 1") is None
    again.remove()
    assert not path.exists()


def test_another_evaluation_does_not_write_over_it(tmp_path):
    """Hours of training are not thrown away for a changed setting."""
    path = tmp_path / "report.html.runs"
    KeptRuns(path, {"seed": 0}).put("sealed", PROBABILITIES)
    with pytest.raises(TrainingRefused, match=r"report\.html\.runs holds an evaluation"):
        KeptRuns(path, {"seed": 1})
    assert KeptRuns(path, {"seed": 0}).get("sealed") is not None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"evaluation": "x", "runs": {"a": [[7]]}}'])
def test_a_damaged_file_is_not_written_over(tmp_path, content):
    """Hours may lie in it that somebody can mend."""
    path = tmp_path / "report.html.runs"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TrainingRefused, match="damaged"):
        KeptRuns(path, {"seed": 0})
    assert path.read_text(encoding="utf-8") == content


def test_runs_of_other_items_or_classes_are_refused(tmp_path):
    """Two classes of two items were tested, and are not three."""
    path = tmp_path / "report.html.runs"
    KeptRuns(path, {"seed": 0}).put("sealed", PROBABILITIES)
    shape = PROBABILITIES.shape
    assert KeptRuns(path, {"seed": 0}, shape[1]).get("sealed", shape[0]) is not None
    for classes, items in ((shape[1] + 1, shape[0]), (shape[1], shape[0] + 1)):
        with pytest.raises(TrainingRefused, match="are not those of this evaluation"):
            KeptRuns(path, {"seed": 0}, classes).get("sealed", items)


class Taught:
    """A lane that says a run's name back."""

    def __init__(self, wait=None, fails=False):
        self.wait, self.fails = wait, fails
        self.did, self.ended = [], False

    def predict(self, run, tell):
        if self.wait:
            assert self.wait.wait(10)
        if self.fails:
            raise TrainingRefused("it came to nothing")
        tell(0.5)
        self.did.append(run.name)
        part = float(run.name) / 1000
        return np.array([[part, 1 - part]])

    def end(self):
        self.ended = True


def runs(number):
    return [Run(str(n), 0, np.arange(n), np.arange(n)) for n in range(1, number + 1)]


def test_lanes_share_the_runs(tmp_path):
    """Each is done once, whoever does it, and how far they are never falls."""
    lanes, events = [Taught(), Taught(), Taught()], []
    done = done_runs(runs(12), lanes, KeptRuns(tmp_path / "r.runs", {}), events.append)
    assert [(name, 1000 * result[0, 0]) for name, result in done.items()] == [
        (str(number), number) for number in range(1, 13)
    ]
    assert sorted(int(name) for lane in lanes for name in lane.did) == list(range(1, 13))
    parts = [event["done"] for event in events]
    assert parts == sorted(parts)
    assert parts[-1] == events[-1]["total"]
    assert all(lane.ended for lane in lanes)


def test_a_lane_that_goes_leaves_its_run_to_others(tmp_path):
    """Also when the first had nothing to do any more by then."""
    first = Taught()
    last_is_done = threading.Event()

    class Late(Taught):
        def predict(self, run, tell):
            assert last_is_done.wait(10)
            raise LaneGoneError

    def hear(event):
        # Eleven of twelve are done; what is missing is with the one that waits.
        if len(first.did) == 11:
            last_is_done.set()

    kept = KeptRuns(tmp_path / "r.runs", {})
    done = done_runs(runs(12), [first, Late()], kept, hear)
    assert sorted(map(int, first.did)) == list(range(1, 13))
    assert len(done) == 12


def test_a_refusal_ends_the_other_lanes(tmp_path):
    """What was done before it is kept."""
    begun = threading.Event()
    lanes = [Taught(), Taught(fails=True, wait=begun)]

    def hear(event):
        begun.set()

    with pytest.raises(TrainingRefused, match="came to nothing"):
        done_runs(runs(400), lanes, KeptRuns(tmp_path / "r.runs", {}), hear)
    assert all(lane.ended for lane in lanes)
    kept = KeptRuns(tmp_path / "r.runs", {})
    assert all(kept.get(name) is not None for name in lanes[0].did)
