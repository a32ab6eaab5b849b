"""How good is it really? The whole way, on small images, stopped in between and gone on."""

import csv
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from helpers.manifests import read_manifest
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.manifest import write_manifest
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.evaluation.evaluate import evaluate
from napari_image_classifier.evaluation.report import earlier_evaluations
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.training.config import TrainingConfig

pytestmark = pytest.mark.long

CONFIG = TrainingConfig(network="vgg", epochs=2, patience=2, size=24, finish=False)
DISHES, IMAGES_EACH, FOLDS = 16, 3, 3
NETWORKS_ALONE = {"folds": FOLDS, "seeds": 1, "controls": False, "curve": False}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Spread-out and clumped signal of the same mean, three images in each of 16 dishes."""
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for dish in range(DISHES):
        name = ("clumped", "spread")[dish % 2]
        for number in range(IMAGES_EACH):
            pixels = random.poisson(40, (24, 24)).astype(np.uint16)
            if name == "clumped":
                y, x = random.integers(4, 20, (2, 6))
                pixels[y, x] += 400
            path = folder / name / f"dish {dish}" / f"{number}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, Image.from_array(pixels, "YX"))
    return read_items(folder, group="folder")


@pytest.fixture(scope="module")
def run(table, tmp_path_factory, keras_forks):
    """A run that was stopped half way, its file of finished ones, and the next run."""
    report = tmp_path_factory.mktemp("report") / "how good.html"
    events = []

    def half_way() -> bool:
        # Five networks, two at a time, each less than a quarter of the work.
        return any(event["done"] > 500 for event in events if event.get("stage") == "evaluating")

    with (
        keras_forks.for_children(),
        pytest.raises(TrainingRefused, match="goes on where it was"),
    ):
        evaluate(table, report, CONFIG, **NETWORKS_ALONE, on_event=events.append,
                 should_stop=half_way)  # fmt: skip
    kept = json.loads(report.with_name("how good.html.runs").read_text())["runs"]
    again = []
    with keras_forks.for_children():
        result = evaluate(table, report, CONFIG, **NETWORKS_ALONE, on_event=again.append)
    return kept, again, result


@pytest.fixture(scope="module")
def numbers(run):
    """What stands in the JSON file."""
    return json.loads(run[2].json.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def predictions(run):
    """The rows of the table of predictions."""
    with run[2].csv.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_stopped_run_goes_on_where_it_was(run):
    """Some networks were finished; the next run trains the others, and leaves no file behind."""
    kept, again, result = run
    assert 1 <= len(kept) < FOLDS + 2
    events = [event for event in again if event.get("stage") == "evaluating"]
    done = [event["done"] for event in events]
    assert done[0] >= events[-1]["total"] * len(kept) / 6
    assert done == sorted(done)
    assert done[-1] == events[-1]["total"]
    assert events[-1]["seconds_left"] == 0
    assert not result.report.with_name("how good.html.runs").exists()


def test_the_page_claims_nothing_that_was_not_done(run):
    """One seed says nothing of others, and without controls nothing is said of the biology."""
    page = run[2].report.read_text(encoding="utf-8")
    assert "done once only" in page
    assert "were not looked at" in page
    assert "whole groups, once" in page
    assert "another order the balanced accuracy was" not in page


def test_what_was_kept_is_what_is_reported(run, predictions):
    """The probabilities of a network that was finished are those in the table."""
    kept, _, _ = run
    fold = min(name.removeprefix("seed 0, fold ") for name in kept if "fold" in name)
    of_fold = [float(row["p_clumped"]) for row in predictions if row["fold"] == fold]
    in_file = np.array(kept[f"seed 0, fold {fold}"])[:, 0]
    np.testing.assert_allclose(of_fold, in_file, atol=1e-6)


def test_every_image_is_tested_once_and_no_dish_is_parted(predictions):
    """In one seed, each item has one row, and all items of a dish are tested together."""
    assert len({row["file"] for row in predictions}) == len(predictions) == DISHES * IMAGES_EACH
    folds_of_dish = {}
    for row in predictions:
        folds_of_dish.setdefault(row["group"], set()).add(row["fold"])
    assert len(folds_of_dish) == DISHES
    assert all(len(folds) == 1 for folds in folds_of_dish.values())


def test_the_numbers_follow_from_the_predictions(numbers, predictions):
    """The verdict comes first; the confusion matrix is that of the table."""
    assert next(iter(numbers)) == "verdict"
    names = ["clumped", "spread"]
    counted = [[sum(row["class"] == given and row["predicted"] == said for row in predictions)
                for said in names] for given in names]  # fmt: skip
    assert numbers["scores"]["confusion"] == counted
    parts = [row[i] / sum(row) for i, row in enumerate(counted)]
    assert numbers["scores"]["balanced_accuracy"]["score"] == pytest.approx(np.mean(parts))
    assert numbers["groups_per_class"] == {"clumped": 8, "spread": 8}
    assert numbers["chance"]["runs"] == 2
    assert numbers["beside_baselines"] == {}
    assert numbers["chance"]["groups"] == 16
    assert numbers["chance"]["smallest_p"] == pytest.approx(2 / 70)


def test_the_simpler_methods_see_these_images(numbers):
    """Bright clumps are found by brightness; the most frequent class is no better than guessing."""
    by_name = numbers["baselines"]
    assert by_name["brightness and file facts"]["balanced_accuracy"]["score"] > 0.95
    assert by_name["texture features"]["balanced_accuracy"]["score"] > 0.95
    assert by_name["always the most frequent class"]["balanced_accuracy"]["score"] <= 0.5


def test_the_page_says_the_sentence_and_fetches_nothing(run):
    """It opens off-line: no address in it but those that name a dialect of XML."""
    result = run[2]
    page = result.report.read_text(encoding="utf-8")
    assert result.sentence in page.replace("&#39;", "'")
    assert not re.search(r"""(src|href|action)=["'](?!data:|#)""", page)
    assert "default-src 'none'" in page


def chromium_says(page):
    """Open a page in headless Chromium; return what its console says."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    done = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         "--virtual-time-budget=2000", "--dump-dom", page.as_uri()],
        capture_output=True, encoding="utf-8", timeout=120, check=True,
    )  # fmt: skip
    assert "</html>" in done.stdout
    return [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_a_browser_has_nothing_to_complain_of(run):
    """No error in Chromium's console."""
    assert chromium_says(run[2].report) == []


def test_a_browser_would_complain_of_a_fetch(run, tmp_path):
    """The check above can fail: a page that fetches a picture is told off."""
    page = run[2].report.read_text(encoding="utf-8")
    fetching = tmp_path / "fetching.html"
    picture = '<img src="http://127.0.0.1:9/a.png"></body>'
    fetching.write_text(page.replace("</body>", picture), encoding="utf-8")
    assert any("Content Security Policy" in line for line in chromium_says(fetching))


def test_refusals_come_before_any_work(table, tmp_path):
    """One sentence each."""
    report = tmp_path / "r.html"
    for choices, says in [
        ({"folds": 1}, "between 2 and 1,000, not 1"),
        ({"seeds": 0}, "between 1 and 1,000, not 0"),
        ({"method": "tea leaves"}, "must be network or texture"),
        ({"config": TrainingConfig(epochs=0)}, "between 1 and 10,000, not 0"),
        ({"report": tmp_path / "r.pdf"}, "must end in .html"),
        ({"config": TrainingConfig(start_from=__file__)}, "has seen the images"),
    ]:
        with pytest.raises(TrainingRefused, match=says):
            evaluate(table, **{"report": report, **choices})
    assert not list(tmp_path.iterdir())


def test_two_groups_are_too_few(table, tmp_path):
    """Learning, choosing the epoch and testing take a group of each class each."""
    for item in table.items:
        if item.file.split("/")[1] in ("dish 0", "dish 1", "dish 2", "dish 3"):
            copy = tmp_path / "few" / item.file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(item.image.parts[0].path, copy)
    few = read_items(tmp_path / "few", group="folder")
    with pytest.raises(TrainingRefused, match="three independent groups"):
        evaluate(few, tmp_path / "r.html", CONFIG, in_process=True)
    assert "keras" not in sys.modules


def test_the_command_line_says_the_answer(table, tmp_path, keras_forks):
    """The same from a terminal, with what was taken for granted."""
    folder = table.items[0].image.parts[0].path.parents[2]
    report = tmp_path / "r.html"
    done = keras_forks.run(
        "-m", "napari_image_classifier.cli.app", "evaluate", folder,
        "--report", report, "--group", "folder:2", "--folds", "2", "--seeds", "1",
        "--epochs", "1", "--size", "16", "--network", "vgg", "--no-controls", "--no-curve",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sentence = json.loads((tmp_path / "r.evaluation.json").read_text())["sentence"]
    assert sentence in done.stdout
    assert f"Written: {report}" in done.stdout
    assert re.search(r"Training and testing: \d+\.\d%", done.stderr)


@pytest.fixture(scope="module")
def on_plates(tmp_path_factory):
    """An evaluation of texture features, with controls and curve, of dishes on four plates."""
    folder = tmp_path_factory.mktemp("plates")
    random = np.random.default_rng(5)
    rows = ["file,class,dish,plate"]
    for dish in range(24):
        for number in range(2):
            pixels = random.poisson(100, (40, 40)).astype(np.float64)
            y, x = random.integers(4, 30, (2, 5))
            for dy, dx in np.ndindex(4, 4):
                pixels[y + dy, x + dx] += 100 + 60 * (dish % 2)
            file = f"{dish}_{number}.tif"
            image = Image.from_array(pixels.astype(np.uint16), "YX")
            write_image(folder / file, image)
            rows.append(f"{file},{'ab'[dish % 2]},{dish},{dish // 6}")
    (folder / "items.csv").write_text("\n".join(rows))
    plates = read_items(folder, items_csv=folder / "items.csv", group="dish", acquisition="plate")
    result = evaluate(
        plates, folder / "r.html", folds=FOLDS, seeds=2, method="texture", in_process=True
    )
    return result, json.loads(result.json.read_text(encoding="utf-8"))


def test_a_difference_in_brightness_is_called_that(on_plates):
    """Plates have both classes, the background is the same, and brightness tells everything."""
    result, found = on_plates
    assert result.verdict == "no better than brightness"
    assert found["controls"]["acquisition"]["acquisitions"] == 4
    assert found["controls"]["acquisition"]["cramers_v"] == 0
    assert found["controls"]["background"]["balanced_accuracy"] < 0.75
    assert found["controls"]["new_acquisitions"]["score"] > 0.95


def test_the_next_evaluation_tells_of_this_one(on_plates, tmp_path):
    """Whoever evaluates the same images until it pleases can't hide it."""
    result, found = on_plates
    assert found["earlier_evaluations"] == []
    digest = found["images_digest"]
    assert earlier_evaluations(result.report.parent, digest) == ["r.evaluation.json"]
    assert earlier_evaluations(result.report.parent, "of other images") == []
    (tmp_path / "damaged.evaluation.json").write_text("{")
    assert earlier_evaluations(tmp_path, digest) == []


def test_the_curve_has_every_part_of_the_groups(on_plates):
    """And ends with the score itself."""
    _, found = on_plates
    assert [one["part"] for one in found["learning_curve"]] == [0.25, 0.5, 0.75, 1.0]
    assert found["learning_curve"][-1]["score"] == found["scores"]["balanced_accuracy"]["score"]


def test_what_a_change_takes_away_is_gone(on_plates):
    """The squares are brighter: shuffled pixels still have that."""
    _, found = on_plates
    assert found["controls"]["shuffled"]["score"] > 0.9


def test_the_whole_page_pleases_the_browser(on_plates):
    """With every section in it."""
    page = on_plates[0].report.read_text(encoding="utf-8")
    assert page.count("for the author to fill in") == 3
    groups = on_plates[1]["groups_per_class"]
    assert f"a: 24 images in {groups['a']} groups, b: 24 images in {groups['b']} groups." in page
    for heading in ("Is it the biology?", "Would more groups help?", "The surest errors"):
        assert heading in page
    assert chromium_says(on_plates[0].report) == []


@pytest.fixture(scope="module")
def new_images(tmp_path_factory):
    """Sixteen images, each standing alone, with the tiny classifier's classes and channels."""
    folder = tmp_path_factory.mktemp("new")
    random = np.random.default_rng(2)
    for dish in range(16):
        name = ("control", "depleted")[dish % 2]
        pixels = random.integers(0, 900 - 400 * (dish % 2), (2, 32, 32)).astype(np.uint16)
        path = folder / name / f"{dish}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, Image.from_array(pixels, "CYX", channel_names=("DNA", "GFP")))
    return read_items(folder)


@pytest.fixture(scope="module")
def of_new_images(new_images, tiny_classifier_path, tmp_path_factory):
    """The evaluation of the tiny classifier, without a manifest, on them."""
    classifier = tmp_path_factory.mktemp("classifier") / "tiny.keras"
    shutil.copy(tiny_classifier_path, classifier)
    report = tmp_path_factory.mktemp("report") / "r.html"
    return evaluate(new_images, report, classifier=classifier, in_process=True)


def test_a_finished_classifier_is_tested_on_all_images(
    new_images, tiny_classifier_path, of_new_images
):
    """Its predictions are the report's, nothing is trained, and it says what it can't know."""
    result = of_new_images
    assert "keras" not in sys.modules
    classifier = load_classifier(tiny_classifier_path)
    with result.csv.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16
    for item, row in zip(new_images.items, rows, strict=True):
        said = classifier.predict(item.image)
        assert row["predicted"] == said.class_name
        assert float(row["confidence"]) == pytest.approx(said.confidence, abs=1e-6)
    page = result.report.read_text("utf-8")
    assert "nothing here can know whether it had learnt" in page
    beside = json.loads(result.json.read_text("utf-8"))["beside_baselines"]
    assert set(beside) == {"brightness and file facts", "texture features",
                           "always the most frequent class"}  # fmt: skip
    assert all(0 < one["p"] <= 1 for one in beside.values())
    assert "McNemar's exact test" in page


def test_images_that_were_learnt_from_are_refused(
    new_images, tiny_classifier_path, of_new_images, tmp_path
):
    """The classifier's manifest has the hashes of their pixels; other names don't help."""
    classifier = tmp_path / "tiny.keras"
    shutil.copy(tiny_classifier_path, classifier)
    files = read_manifest(of_new_images.report.with_name("r.manifest.json"))["files"]
    sha256 = load_classifier(classifier).sha256
    head = {"result": {"file": "tiny.keras", "sha256": sha256}}

    others = [{**file, "items": [{**item, "pixels": "0" * 32} for item in file["items"]]}
              for file in files]  # fmt: skip
    write_manifest(classifier, "classifier", head, others)
    result = evaluate(new_images, tmp_path / "r2.html", classifier=classifier, in_process=True)
    assert "it had learnt from none of these images" in result.report.read_text("utf-8")

    renamed = [{**file, "file": "other.tif"} for file in files[:3]]
    write_manifest(classifier, "classifier", head, renamed)
    with pytest.raises(TrainingRefused, match=r"tiny\.keras has learnt from 3 of these 16 images"):
        evaluate(new_images, tmp_path / "r3.html", classifier=classifier, in_process=True)


def test_the_manifest_has_the_images_and_the_spread(on_plates):
    """Every image with the hash of its pixels, and the score of each seed."""
    result, found = on_plates
    stored = read_manifest(result.report.with_name("r.manifest.json"))
    assert stored["kind"] == "evaluation"
    assert len(stored["files"]) == 48
    hashes = {item["pixels"] for file in stored["files"] for item in file["items"]}
    assert len(hashes) == 48
    assert stored["balanced_accuracy_of_seeds"] == found["seeds"]["balanced_accuracy"]
    assert stored["split_sha256"] == found["split_digests"]


def test_a_classifier_of_other_classes_is_refused(table, tiny_classifier_path, tmp_path):
    """With the names that it knows."""
    with pytest.raises(TrainingRefused, match="knows the classes control, depleted; it can't be"):
        evaluate(table, tmp_path / "r.html", classifier=tiny_classifier_path, in_process=True)
