"""The training itself: what it learns, repeats, keeps when it is stopped, and says."""

import csv
import time

import numpy as np
import pytest

from helpers.paths import PROGRAMS
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.reading import EACH_STANDS_ALONE, read_items
from napari_image_classifier.system.compute_process import ComputeProcess
from napari_image_classifier.system.events import Stopped
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.train_job import TRAIN, TrainRequest

# Nine trainings wait behind the first test; a busy machine takes minutes to compile them.
pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


@pytest.fixture(scope="session")
def training_folder(tmp_path_factory):
    """A folder with images and the classifiers that were trained on them."""
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="session")
def cases(training_folder, keras_forks):
    """What came of each training, by case. All ran in one process, as starting Keras is slow."""
    script = PROGRAMS / "trainings.py"
    return keras_forks.answer(script, training_folder)


def test_learns_to_tell_the_classes_apart(cases):
    """On the validation part, and through the light runtime on every image."""
    first = cases["first"]
    assert first["result"]["validation_accuracy"] >= 0.85
    expected = ["clumped"] * 12 + ["spread"] * 12
    right = sum(a == b for a, b in zip(first["predictions"], expected, strict=True))
    assert right >= 22


def test_the_result_tells_how_the_validation_went(cases):
    """Confusion matrix by annotated and predicted class, scores, the last of the best epochs."""
    result = cases["first"]["result"]
    assert result["class_names"] == ["clumped", "spread"]
    assert [sum(row) for row in result["confusion"]] == [4, 4]
    trace = result["confusion"][0][0] + result["confusion"][1][1]
    assert result["validation_accuracy"] == trace / 8
    scores = [epoch["val_balanced_accuracy"] for epoch in result["history"]]
    kept = scores[result["best_epoch"] - 1]
    assert result["balanced_accuracy"] == pytest.approx(kept)
    # Four items a class: one standard error of the best is at most 0.18.
    assert kept >= max(scores) - 0.18
    assert all(score < kept for score in scores[result["best_epoch"] :])
    assert result["cancelled"] is False


def test_events_tell_what_happens(cases):
    """Looking, reading, starting, then batches and one record per epoch, the last with 0 s left."""
    events = cases["first"]["events"]
    stages = [event["stage"] for event in events if event["event"] == "progress"]
    assert list(dict.fromkeys(stages)) == ["looking", "reading", "comparing", "starting"]
    epochs = [event for event in events if event["event"] == "epoch"]
    assert [event["epoch"] for event in epochs] == [1, 2, 3, 4, 5]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "epochs"} <= epochs[0].keys()
    assert epochs[-1]["seconds_left"] == 0
    assert any(event["event"] == "batch" for event in events)


def test_the_same_seed_gives_the_same_network(cases):
    """Weights to the last bit, on one machine; the second training was stopped after its epochs."""
    first, again = cases["first"], cases["not finished"]
    assert first["graph"] == again["graph"]
    assert first["result"]["history"][-1]["loss"] == again["result"]["history"][-1]["loss"]


def test_messages_tell_what_was_taken_to_be_independent(cases):
    """Groups were kept together, and three dishes a class are few."""
    said = " ".join(cases["first"]["result"]["messages"])
    assert "4 groups to learn from, 2 to check with" in said
    assert "exploratory" in said
    assert "clumped (3), spread (3)" in said
    assert EACH_STANDS_ALONE not in said


def test_the_record_travels_with_the_classifier(cases):
    """Who opens the file later sees how it came about."""
    record = cases["first"]["record"]
    assert record["items_per_class"] == {"clumped": 12, "spread": 12}
    assert record["groups_per_class"] == {"clumped": 3, "spread": 3}
    assert record["split"]["training_items"] == 16
    assert len(record["split"]["validation"]) == 2
    assert record["seed"] == 3
    assert record["config"]["epochs"] == 5
    assert len(record["history"]) == 5
    assert {"python", "keras", "backend", "napari-image-classifier"} <= record["versions"].keys()


def test_confidences_are_calibrated_on_the_validation_part(cases):
    """The temperature is a number of its own for each training, within its bounds."""
    temperatures = [cases[name]["temperature"] for name in ("first", "together", "one channel")]
    assert all(0.25 <= temperature <= 4 for temperature in temperatures)
    assert len({1.0, *temperatures}) == 4


def test_images_unlike_the_training_are_told(cases):
    """All of those that went wrong, and of good ones hardly any, with the reason."""
    found = {name: told for name, (told, _) in cases["first"]["unlike"].items()}
    assert found.pop("nothing") <= 2
    assert found == {"blank": 12, "saturated": 12, "out of focus": 12, "8-bit": 12}
    assert "8-bit image" in " ".join(cases["first"]["unlike"]["8-bit"][1])


@pytest.mark.parametrize("case", ["finished", "together", "each alone"])
def test_a_classifier_that_learnt_on_tells_them_too(cases, case):
    """With the validation part, with several networks, with images kept for the risk."""
    found = {name: told for name, (told, _) in cases[case]["unlike"].items()}
    assert found.pop("nothing") <= 3
    assert set(found.values()) == {12}


def test_images_unlike_the_training_are_told_in_a_table(cases, training_folder, tmp_path):
    """The class is still there, with its probabilities, and so is the reason."""
    for number, pixels in enumerate((np.zeros((2, 24, 24), np.uint16),) * 2):
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(tmp_path / "images" / f"{number}.tif", image)
    result = classify_folder(
        tmp_path / "images", training_folder / "first.keras", tmp_path / "predictions.csv"
    )
    assert (result.n_ok, result.n_unlike, result.n_errors) == (0, 2, 0)
    assert "2 classified (2 unlike the training)" in result.message
    with result.output.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["status"] for row in rows} == {"unlike-training"}
    assert all(row["class"] and row["p_clumped"] for row in rows)
    assert all("than in the images that the classifier learnt from" in row["message"]
               for row in rows)  # fmt: skip


def test_a_risk_is_kept_or_nothing_is_promised(cases):
    """Of two dishes nothing can be said about 5 %; of a few images that stand alone, about 90 %."""
    few = cases["limited"]
    assert few["thresholds"]["confidence"] is None
    assert (few["thresholds"]["risk"], few["thresholds"]["n_groups"]) == (0.05, 2)
    assert any("can't be promised" in said for said in few["result"]["messages"])
    alone = cases["each alone"]
    assert alone["thresholds"]["confidence"] is not None
    assert alone["thresholds"]["at_most"] <= 0.9
    assert any("It answers from a confidence" in said for said in alone["result"]["messages"])
    assert cases["first"]["thresholds"] == {}


def test_images_kept_for_the_risk_are_used_for_nothing_else(cases):
    """Neither learnt from nor checked with, also not in the end."""
    split = cases["each alone"]["record"]["split"]
    reserved = cases["each alone"]["thresholds"]["n_items"]
    assert reserved >= 4
    assert split["training_items"] + split["validation_items"] + reserved == 24


def test_a_risk_needs_a_classifier_that_is_new(cases):
    """One that learnt before may have seen the images that would be kept aside."""
    assert "train a new one" in cases["limited, going on"]["ended"].lower()


def test_stopping_keeps_the_best_so_far(cases):
    """The second epoch was not finished; the first one's network is saved."""
    stopped = cases["stopped"]
    assert stopped["result"]["cancelled"] is True
    assert stopped["result"]["best_epoch"] == 1
    assert len(stopped["result"]["history"]) == 1
    assert "the network of epoch 1 is kept" in " ".join(stopped["result"]["messages"])


def test_in_the_end_it_learns_from_the_validation_part_too(cases):
    """Another network, with the scores of the one before; a stop brings that one back."""
    first, finished, stopped = (cases[name] for name in ("first", "finished", "not finished"))
    assert finished["graph"] != first["graph"]
    assert stopped["graph"] == first["graph"]
    for case in (finished, stopped):
        assert case["result"]["confusion"] == first["result"]["confusion"]
        assert case["result"]["best_epoch"] == first["result"]["best_epoch"]
    expected = ["clumped"] * 12 + ["spread"] * 12
    assert sum(a == b for a, b in zip(finished["predictions"], expected, strict=True)) >= 22
    said = [" ".join(case["result"]["messages"]) for case in (first, finished, stopped)]
    assert ["the scores are from before" in text for text in said] == [False, True, False]
    assert stopped["result"]["cancelled"]
    done = [e["done"] for e in finished["events"] if e.get("stage") == "finishing"]
    total = {e["total"] for e in finished["events"] if e.get("stage") == "finishing"}
    assert done == sorted(done)
    # Two more epochs of 256 images in batches of 32.
    assert total == {16}


def test_stopping_before_an_epoch_has_ended_keeps_nothing(cases):
    """No file is written."""
    assert cases["stopped early"] == {"ended": "cancelled", "written": False}


def test_several_networks_decide_together(cases):
    """Each learns from other dishes, and together every image is judged by one that did not."""
    together = cases["together"]
    assert (len(together["graphs"]), together["orientations"]) == (3, 8)
    kept_aside = [tuple(member["validation"]) for member in together["record"]["members"]]
    assert len({dish for dishes in kept_aside for dish in dishes}) == 6
    assert sum(map(sum, together["result"]["confusion"])) == 24
    epochs = [event["epoch"] for event in together["events"] if event["event"] == "epoch"]
    assert epochs == list(range(1, 10))
    assert together["events"][-1]["epochs"] == 9
    assert together["events"][-1]["seconds_left"] == 0
    assert "3 networks decide together" in " ".join(together["result"]["messages"])


def test_stopping_in_the_second_network_keeps_the_first(cases):
    """What took minutes is not lost."""
    stopped = cases["second stopped"]
    assert stopped["result"]["cancelled"] is True
    assert len(stopped["graphs"]) == 1
    assert stopped["result"]["best_epoch"] == len(stopped["result"]["history"]) == 5


def test_goes_on_from_a_classifier(cases):
    """With its preparation and its weights, so a single epoch is good at once."""
    went_on = cases["went on"]
    assert went_on["ranges"] == cases["first"]["ranges"]
    assert went_on["architecture"] == cases["first"]["architecture"]
    assert "went on from an existing classifier" in " ".join(went_on["result"]["messages"])
    began_with = [case["result"]["history"][0]["loss"] for case in (cases["first"], went_on)]
    assert began_with[1] < began_with[0]


def test_does_not_go_on_with_other_classes_or_channels(cases):
    """A sentence names both."""
    assert "knows the classes clumped, spread" in cases["other classes"]["ended"]
    assert "have dotted, spread" in cases["other classes"]["ended"]
    assert "sees the channels GFP, DNA, not DNA" in cases["other channels"]["ended"]


def test_learns_from_the_channels_and_at_the_size_asked_for(cases):
    """Here with the other network."""
    one = cases["one channel"]
    assert one["architecture"]["name"] == "vgg"
    assert one["architecture"]["arguments"]["channels"] == 1
    assert len(one["ranges"]) == 1


def test_cancel_takes_less_than_a_second_in_the_compute_process(cases, training_folder):
    """Also while Keras is still being imported, which nothing can interrupt."""
    table = read_items(training_folder / "images", group="folder")
    request = TrainRequest(table, TrainingConfig(), training_folder / "cancelled.keras")
    with ComputeProcess(TRAIN, request) as process:
        for event in process.events():
            if event.get("stage") == "starting":
                asked = time.monotonic()
                process.cancel()
            if isinstance(event, Stopped):
                break
        assert event == Stopped()
        assert time.monotonic() - asked < 1
    assert not (training_folder / "cancelled.keras").exists()
