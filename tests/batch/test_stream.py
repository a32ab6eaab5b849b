"""prediction_stream: many images → predictions in order, with helpers that may die."""

import time
from contextlib import closing

import numpy as np
import psutil
import pytest

from napari_image_classifier.batch import stream as prediction_stream
from napari_image_classifier.batch.helper import Helper
from napari_image_classifier.batch.stream import predict_images
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.predict import predict_files
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.thumbnails import draw_thumbnail
from napari_image_classifier.images.tiff.writer import write_image

RANDOM = np.random.default_rng(5)
NUMBER = 40


@pytest.fixture
def classifier(tiny_classifier_path):
    return load_classifier(tiny_classifier_path, threads=1)


@pytest.fixture
def images(tmp_path):
    """Forty images, the fifth of them broken."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(NUMBER):
        pixels = RANDOM.integers(0, 4000, (2, 32, 32)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(folder / f"{number:02}.tif", image)
    (folder / "05.tif").write_bytes(b"II*\0 not really")
    return find_images(folder, None)[0]


@pytest.fixture
def helped_at_once(monkeypatch):
    """Every worker but one has a helper before its first task."""

    def start(*arguments):
        helper = Helper(*arguments)
        until(lambda: helper.is_ready)
        return helper

    monkeypatch.setattr(prediction_stream, "SECONDS_WITHOUT_HELP", -1.0)
    monkeypatch.setattr(prediction_stream, "Helper", start)


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def helpers():
    """The processes that help this one."""
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE
        and "napari_image_classifier.batch.helper" in child.cmdline()
    ]


def test_a_helper_says_what_this_process_says(classifier, images):
    """Probabilities, sentences and thumbnails alike; its end is told, not waited for."""
    helper = Helper(classifier, None, draw_thumbnail)
    until(lambda: helper.is_ready)
    theirs = helper.predict(images[:8])
    ours = predict_files(classifier, images[:8], None, draw_thumbnail)
    assert theirs == ours
    assert [one.thumbnail for (one,) in theirs] == [one.thumbnail for (one,) in ours]
    assert theirs[5][0].status == "error"
    helper.end()
    assert helper.predict(images[:8]) is None
    assert not helper.is_ready
    assert not helpers()


def test_helped_or_not_the_stream_is_the_same(classifier, images, helped_at_once):
    """In order, every image once, and no process is left."""
    stream = predict_images(classifier, images, workers=3)
    helped = [next(stream)]
    helped += stream
    assert [one.file for (one,) in helped] == [files.name for files in images]
    assert helped == list(predict_images(classifier, images, workers=1))
    assert not helpers()


def test_a_killed_helper_changes_nothing(classifier, images, helped_at_once):
    """What it was doing is done again here."""
    with closing(predict_images(classifier, images, workers=2)) as stream:
        found = [next(stream) for _ in range(10)]
        (helper,) = helpers()
        helper.kill()
        found += stream
    assert found == predict_files(classifier, images)


def test_a_stop_or_a_closed_stream_ends_the_helpers(classifier, images, helped_at_once):
    stop = False
    stream = predict_images(classifier, images, workers=2, should_stop=lambda: stop)
    for _ in range(10):
        next(stream)
    assert len(helpers()) == 1
    stop = True
    list(stream)
    assert not helpers()
    stream = predict_images(classifier, images, workers=2)
    for _ in range(10):
        next(stream)
    assert len(helpers()) == 1
    stream.close()
    assert not helpers()


def test_a_helper_refuses_another_classifier(classifier, images, tmp_path, tiny_classifier_path):
    """The file was replaced after it was opened: this process goes on alone."""
    copy = tmp_path / "copy.keras"
    copy.write_bytes(tiny_classifier_path.read_bytes())
    opened = load_classifier(copy, threads=1)
    copy.write_bytes(b"another")
    helper = Helper(opened)
    assert helper.predict(images[:1]) is None
    assert not helper.is_ready
    helper.end()


def test_an_image_that_the_network_fails_on_fails_alone(classifier, images, monkeypatch):
    """Although it went through the network with others."""
    expected = predict_files(classifier, images[:4])
    third = classifier.judge_prepared
    bad = []
    monkeypatch.setattr(
        type(classifier),
        "judge_prepared",
        lambda _, pixels: bad.append(pixels[2]) or third(pixels),
    )
    predict_files(classifier, images[:4])

    def fails(_, pixels):
        if any(np.array_equal(one, bad[0]) for one in pixels):
            raise RuntimeError("no memory")
        return third(pixels)

    monkeypatch.setattr(type(classifier), "judge_prepared", fails)
    found = predict_files(classifier, images[:4])
    assert [one.status for (one,) in found] == ["ok", "ok", "error", "ok"]
    assert "02.tif can't be classified" in found[2][0].message
    assert [found[i][0].class_name for i in (0, 1, 3)] == [
        expected[i][0].class_name for i in (0, 1, 3)
    ]


def test_an_image_whose_items_are_not_all_known_has_no_rows(classifier, images):
    """A stop in the middle of an image must not leave half of it in a table."""
    answers = iter([False, False, False, True])
    found = predict_files(classifier, images[:4], should_stop=lambda: next(answers, True))
    assert [len(one) for one in found] == [1, 0, 0, 0]


def test_a_process_that_can_not_start_is_done_without(classifier, images, monkeypatch):
    """A machine at its limit of processes classifies all the same."""

    def refuse(*_):
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(prediction_stream, "SECONDS_WITHOUT_HELP", -1.0)
    monkeypatch.setattr(prediction_stream, "Helper", refuse)
    found = list(predict_images(classifier, images, workers=2))
    assert found == predict_files(classifier, images)
