"""The blinded session: what is shown, what is sealed, and what comes out."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from helpers.wells import CLASSES, train_on_half, write_wells
from hostile.kept_files import write_study
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.annotations import ASSISTED, CANNOT_TELL, ItemKey
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.jobs import prepare_session, score_session
from napari_image_classifier.jobs.prepare_session import UNKNOWN_TRAINING
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.raters.blinded_session import (
    ANSWERS,
    PLAN,
    PREDICTIONS,
    BlindedSession,
    SessionError,
    create_session,
    in_turn,
    repeats_of,
    showings_of,
)
from napari_image_classifier.raters.session_jobs import ScoreRequest, SessionRequest


def never():
    """Nobody wants to stop."""
    return False


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Fine and coarse noise in wells."""
    return write_wells(tmp_path_factory.mktemp("study") / "images")


@pytest.fixture(scope="module")
def classifier(images, tmp_path_factory):
    """What learnt from the first eight wells, with its manifest."""
    return train_on_half(images, tmp_path_factory.mktemp("classifier") / "noise.keras")


def request(images, classifier, session, **changes):
    """What the dock asks for."""
    usual = SessionRequest(
        session=session, rater="Ada", truth="condition", labels=None, classifier=classifier,
        margin=0.1, number=24, second_arm=False, seed=3,
        items=ItemsQuery(images, group="folder:2"),
    )  # fmt: skip
    return replace(usual, **changes)


def prepared(*args, **changes):
    """A session that was prepared."""
    prepare_session.run(request(*args, **changes), lambda event: None, never)
    return BlindedSession(args[2])


def answered(session, say):
    """Answer everything; ``say`` is told the item, and whether it comes again."""
    while session.position is not None:
        showing = session.plan.showings[session.position]
        session.answer(say(session.plan.items.items[showing.item], showing.again), 1.0)
    return session


def test_repeats_come_later_and_turned_otherwise():
    """Every item once, at least fifty of them again, at random but the same for a seed."""
    showings = showings_of(120, seed=1)
    first = {one.item: place for place, one in enumerate(showings) if not one.again}
    again = {one.item: place for place, one in enumerate(showings) if one.again}
    assert sorted(first) == list(range(120))
    assert len(again) == repeats_of(120) == 50
    assert repeats_of(400) == 100
    assert repeats_of(30) == 30
    assert all(place - first[item] > 10 for item, place in again.items())
    turned = {place: one.orientation for place, one in enumerate(showings)}
    assert all(turned[place] != turned[first[item]] for item, place in again.items())
    assert showings == showings_of(120, seed=1) != showings_of(120, seed=2)
    assert list(first) != sorted(first)
    both = showings_of(20, seed=1, second_arm=True)
    assert Counter(one.arm for one in both) == {"everything": 40, "classifier's view": 20}


def test_classes_and_groups_take_turns(images):
    """However few are shown, they are balanced, and spread over the wells."""
    items = read_items(images, group="folder:2").items
    some = [items[index] for _, index in zip(range(12), in_turn(items, 0), strict=False)]
    assert Counter(item.class_name for item in some) == {"fine": 6, "coarse": 6}
    assert len({item.group for item in some}) == 12
    assert sorted(in_turn(items, 0)) == list(range(len(items)))


def test_nothing_that_was_learnt_from_is_shown(images, classifier, tmp_path):
    """By the names of wells, and where these are called otherwise by the very pixels."""
    session = prepared(images, classifier, tmp_path / "a")
    wells = {int(item.group.split("/W")[1]) for item in session.plan.items.items}
    assert wells == set(range(8, 16))
    assert Counter(item.class_name for item in session.plan.items.items) == dict.fromkeys(
        CLASSES, 12
    )
    assert session.plan.notes[0].startswith("32 images were not shown")
    unnamed = request(images, classifier, tmp_path / "b", items=ItemsQuery(images))
    prepare_session.run(unnamed, lambda event: None, never)
    plan = BlindedSession(tmp_path / "b").plan
    assert all(int(item.file.split("/")[1][1:]) >= 8 for item in plan.items.items)


def test_a_classifier_without_a_manifest_is_told(
    images, tiny_classifier_path, classifier, tmp_path
):
    """Nobody can know what it has learnt from, and the result says so."""
    alone = tmp_path / "alone.keras"
    alone.write_bytes(classifier.read_bytes())
    session = prepared(images, alone, tmp_path / "session")
    assert UNKNOWN_TRAINING in session.plan.notes


def test_a_session_goes_on_another_day_and_can_be_taken_back(images, classifier, tmp_path):
    """Every answer is on the disk; the last one can be taken back, to the first."""
    session = prepared(images, classifier, tmp_path / "s")
    session.answer("fine", 1.5, seen_before=True)
    session.answer(CANNOT_TELL, 2.5)
    again = BlindedSession(tmp_path / "s")
    assert again.position == 2
    assert again.answers[0].seen_before
    assert [again.undo(), again.undo(), again.undo()] == [1, 0, None]
    assert BlindedSession(tmp_path / "s").position == 0
    assert "mode" in (tmp_path / "s" / ANSWERS).read_text()


def test_what_the_machine_said_is_sealed(images, classifier, tmp_path):
    """A table that was changed since, or a plan that is damaged, is no session any more."""
    prepared(images, classifier, tmp_path / "s")
    with pytest.raises(SessionError, match="already"):
        prepared(images, classifier, tmp_path / "s")
    sealed = tmp_path / "s" / PREDICTIONS
    sealed.write_text(sealed.read_text().replace(",fine,", ",coarse,", 1))
    with pytest.raises(SessionError, match="sealed before"):
        BlindedSession(tmp_path / "s")
    (tmp_path / "s" / PLAN).write_text("{")
    with pytest.raises(SessionError, match="damaged"):
        BlindedSession(tmp_path / "s")
    with pytest.raises(SessionError, match="no session"):
        BlindedSession(tmp_path / "elsewhere")


def test_the_report_compares_both_on_the_same_images(images, classifier, tmp_path):
    """A person who is right about three quarters, a machine that is nearly always right."""
    random = np.random.default_rng(1)

    def say(item, again):
        return item.class_name if random.random() < 0.75 else CANNOT_TELL

    session = answered(prepared(images, classifier, tmp_path / "s", second_arm=True), say)
    request = ScoreRequest((session.folder,), tmp_path / "r.html")
    result = score_session.run(request, lambda event: None, never)
    everything, view = (one.to_json() for one in result.comparisons)
    assert (everything["n_items"], everything["n_groups"]) == (24, 8)
    assert everything["consistency"]["n_items"] == 24
    assert view["arm"] == "classifier's view"
    assert view["consistency"] is None
    assert everything["difference"]["machine"]["score"] > 0.9
    assert everything["cannot_tell"] > 0
    page = (tmp_path / "r.html").read_text()
    assert result.comparisons[0].sentence in page
    assert "data:image/png;base64," in page


def test_truth_may_be_ones_own_or_others_labels(images, classifier, tmp_path):
    """Never assisted ones; a consensus leaves the tested rater out."""
    path = tmp_path / "labels.csv"
    ada, bob = AnnotationLog(path, "Ada"), AnnotationLog(path, "Bob")
    items = read_items(images, group="folder:2").items
    for number, item in enumerate(items):
        key = ItemKey(item.file, "")
        ada.give([key], "fine", ASSISTED if number % 2 else "by-eye")
        bob.give([key], item.class_name)
    options = {"labels": path, "items": ItemsQuery(images, group="folder:2")}
    with pytest.raises(SessionError, match="Only 16 of 32"):
        prepared(images, classifier, tmp_path / "own", truth="own", **options)
    session = prepared(images, classifier, tmp_path / "c", truth="consensus", **options)
    assert {item.class_name for item in session.plan.items.items} == set(CLASSES)
    with pytest.raises(SessionError, match="no labels of Eve; it holds labels of Ada, Bob"):
        prepared(images, classifier, tmp_path / "e", truth="own", rater="Eve", **options)
    again = prepared(images, classifier, tmp_path / "b", truth="own", rater="Bob", **options)
    (found,) = answered(again, lambda item, again: item.class_name).comparisons()
    assert found.verdict is None
    assert found.own.agreement == 1.0


def test_several_sessions_are_combined(images, classifier, tmp_path):
    """Two raters, each with her own verdict, and the agreement between them."""
    folders = []
    for rater in ("Ada", "Bob"):
        session = prepared(images, classifier, tmp_path / rater, rater=rater)
        answered(session, lambda item, again: item.class_name)
        folders.append(session.folder)
    request = ScoreRequest(tuple(folders), tmp_path / "r.html")
    score_session.run(request, lambda event: None, never)
    numbers = json.loads((tmp_path / "r.agreement.json").read_text())
    assert [one["rater"] for one in numbers["comparisons"]] == ["Ada", "Bob"]
    assert numbers["agreement"]["pairs"][0]["kappa"] == 1.0


@pytest.mark.parametrize("name", [PREDICTIONS, ANSWERS, f"{PREDICTIONS}.journal"])
def test_a_session_is_begun_beside_no_other_tables(tmp_path, name):
    """They would be replaced, or appended to."""
    study = write_study(tmp_path / "study", only=("session",))
    plan = BlindedSession(study / "session").plan
    other = tmp_path / "other" / name
    other.parent.mkdir()
    other.write_text("mine,too\n1,2\n")
    with pytest.raises(ImageClassifierError, match=r"choose an(other| empty)"):
        create_session(other.parent, plan, [])
    assert other.read_text() == "mine,too\n1,2\n"
    assert list(other.parent.iterdir()) == [other]
