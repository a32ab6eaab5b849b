"""shards: shares of a folder and their merging."""

import shutil

import numpy as np
import pytest

from helpers.manifests import read_manifest
from hostile.shares import CHANGED, NAMES, OF_BEFORE, OTHERWISE, Study
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.journal import Listing
from napari_image_classifier.batch.shards import Shard, ShardError, merge_shards
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.manifest import manifest_path
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image


@pytest.fixture
def images(tmp_path):
    """Seven images, a time series and a file that can't be read."""
    folder = tmp_path / "images"
    folder.mkdir()
    random = np.random.default_rng(5)
    for number in range(7):
        axes, shape = ("TCYX", (12, 2, 32, 32)) if number == 3 else ("CYX", (2, 32, 32))
        pixels = random.integers(0, 4000, shape).astype(np.uint16)
        image = Image.from_array(pixels, axes, channel_names=("GFP", "DNA"))
        write_image(folder / f"{number}.tif", image)
    (folder / "5b.tif").write_bytes(b"II*\0 not really")
    return folder


def classify_share(images, classifier, table, text, **options):
    """Classify one share of the images."""
    return classify_folder(images, classifier, table, shard=Shard.parse(text), **options)


@pytest.mark.parametrize("n_shards", [1, 3, 20])
def test_shares_make_the_table_of_a_single_run(images, tiny_classifier_path, tmp_path, n_shards):
    """Byte for byte, also where there are more shares than images."""
    whole, table = tmp_path / "whole.csv", tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, whole)
    for number in range(1, n_shards + 1):
        classify_share(images, tiny_classifier_path, table, f"{number}/{n_shards}")
    assert merge_shards(table).n_rows == 19
    assert table.read_bytes() == whole.read_bytes()


def test_no_image_is_in_two_shares():
    """And none is left out."""
    things = list(range(10))
    shares = [Shard(number, 4).share(things) for number in (1, 2, 3, 4)]
    assert sorted(thing for share in shares for thing in share) == things


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "a/b", "1/0", "-1/3"])
def test_what_is_no_share_is_refused(text):
    """With an example of one that is."""
    with pytest.raises(ShardError, match="3/20"):
        Shard.parse(text)


def test_missing_and_stopped_shares_are_named(images, tiny_classifier_path, tmp_path):
    """A table that lacks images must not look like a whole one."""
    table = tmp_path / "predictions.csv"
    with pytest.raises(ShardError, match="no shares"):
        merge_shards(table)
    classify_share(images, tiny_classifier_path, table, "1/3")
    looks = iter([False, False, True])
    classify_share(
        images, tiny_classifier_path, table, "2/3", workers=1,
        should_stop=lambda: next(looks, True),
    )  # fmt: skip
    with pytest.raises(ShardError, match=r"2 of 3 shares are not done: 2/3, 3/3"):
        merge_shards(table)
    assert not table.exists()
    classify_share(images, tiny_classifier_path, table, "2/3")
    classify_share(images, tiny_classifier_path, table, "3/3")
    assert merge_shards(table).n_rows == 19


def test_shares_of_two_divisions_are_not_mixed(images, tiny_classifier_path, tmp_path):
    """Both would hold some of the images."""
    table = tmp_path / "predictions.csv"
    for text in ("1/2", "2/2", "1/3"):
        classify_share(images, tiny_classifier_path, table, text)
    with pytest.raises(ShardError, match="shares of 2 and of 3"):
        merge_shards(table)


def test_shares_of_two_classifiers_are_not_mixed(images, tiny_classifier_path, tmp_path):
    """They would be one table of two meanings."""
    table = tmp_path / "predictions.csv"
    for text in ("1/2", "2/2"):
        classify_share(images, tiny_classifier_path, table, text)
    second = Shard(2, 2).output(table)
    rows = second.read_text().replace(second.read_text().strip()[-12:], "0" * 12)
    second.write_text(rows)
    with pytest.raises(ShardError, match="different classifiers"):
        merge_shards(table)
    assert not table.exists()


@pytest.fixture(scope="module")
def classifier(tiny_classifier_path):
    """It is never asked: what it would say is told."""
    return load_classifier(tiny_classifier_path, threads=1)


@pytest.fixture(scope="module")
def sound(classifier, tmp_path_factory):
    """A sound division, and the table of a single run."""
    study = Study(tmp_path_factory.mktemp("sound"), classifier)
    study.add(*NAMES)
    study.classify()
    return study, study.whole()


def assert_merged_or_refused(study, whole, said):
    """With a sentence and no table, or as a single run."""
    if said is None:
        merge_shards(study.table)
        assert study.table.read_bytes() == whole
        return
    with pytest.raises(ShardError, match=f"(?s){said}"):
        merge_shards(study.table)
    assert not study.table.exists()
    assert not manifest_path(study.table).exists()


@pytest.mark.parametrize("name", CHANGED)
def test_shares_that_were_changed_make_no_wrong_table(sound, classifier, tmp_path, name):
    """By hand, by a spreadsheet, by copying: a sentence names the share."""
    change, said = CHANGED[name]
    study = Study(tmp_path / "copy", classifier)
    shutil.copytree(sound[0].folder, study.folder, ignore=shutil.ignore_patterns("images"))
    change(study)
    assert_merged_or_refused(study, sound[1], said)


@pytest.mark.parametrize("name", OTHERWISE)
def test_shares_are_the_whole_of_one_listing(classifier, tmp_path, name):
    """Whatever came, went or was asked for between their starts."""
    make, said = OTHERWISE[name]
    study = Study(tmp_path, classifier)
    make(study)
    assert_merged_or_refused(study, study.whole() if said is None else b"", said)


@pytest.mark.parametrize("name", OF_BEFORE)
def test_shares_of_the_first_release_are_verified_as_far_as_can_be(
    sound, classifier, tmp_path, name
):
    """They said nothing of the folder."""
    study, whole = Study(tmp_path / "copy", classifier), sound[1]
    if name in CHANGED:
        shutil.copytree(sound[0].folder, study.folder, ignore=shutil.ignore_patterns("images"))
        CHANGED[name][0](study)
    else:
        OTHERWISE[name][0](study)
        whole = study.whole()
    study.as_of_before()
    assert_merged_or_refused(study, whole, OF_BEFORE[name])


def test_what_was_verified_is_told_and_kept(sound, classifier, tmp_path):
    """In the manifest; what could not be, in a sentence, too."""
    study = Study(tmp_path / "copy", classifier)
    shutil.copytree(sound[0].folder, study.folder, ignore=shutil.ignore_patterns("images"))
    assert merge_shards(study.table).notes == ()
    merged = read_manifest(manifest_path(study.table))["merged"]
    listing = Listing.of(sorted(NAMES))
    assert merged == {
        "shares": 3, "images": 24, "names_sha256": listing.sha256, "not_verified": []
    }  # fmt: skip
    share = read_manifest(manifest_path(study.share(2)))["share"]
    assert (share["number"], share["of"], share["listing"]["images"]) == (2, 3, 24)
    CHANGED["another version"][0](study)
    study.as_of_before()
    unverified, versions = merge_shards(study.table).notes
    assert "1/3, 2/3, 3/3" in unverified
    assert "numpy" in versions
    merged = read_manifest(manifest_path(study.table))["merged"]
    assert (merged["names_sha256"], merged["not_verified"]) == (None, [unverified])


def test_there_are_no_other_shares():
    """Than those from 1 on, in Python too."""
    for number, of in ((0, 3), (4, 3), (-1, 3), (1.5, 3), ("1", 3), (1, 0)):
        with pytest.raises(ShardError, match="3/20"):
            Shard(number, of)
    for text in (f"1/{'9' * 5000}", "٣/٢٠", "1/2/3", "+1/3"):
        with pytest.raises(ShardError, match="3/20"):
            Shard.parse(text)
