"""cli.derived_options: options of train and evaluate from the data classes of their settings."""

from dataclasses import MISSING
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from napari_image_classifier.cli import evaluation, training
from napari_image_classifier.cli.arguments import new_names_in
from napari_image_classifier.cli.commands import app
from napari_image_classifier.cli.derived_options import NO_OPTIONS
from napari_image_classifier.cli.evaluation import NOT_ASKED
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.evaluation.evaluate import EvaluationChoices
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.system.settings import settings_of
from napari_image_classifier.training.config import TrainingConfig


def options_of(command):
    """Return the options of a command by the name of their parameter."""
    return {option.name: option for option in get_command(app).commands[command].params}


@pytest.fixture
def folder(tmp_path):
    """A folder of one small image."""
    (tmp_path / "images" / "a").mkdir(parents=True)
    image = Image.from_array(np.zeros((8, 8), np.uint8), "YX")
    write_image(tmp_path / "images" / "a" / "0.tif", image)
    return tmp_path / "images"


@pytest.fixture
def asked(monkeypatch):
    """What the verbs were called with, which end at once."""
    calls = {}

    def verb(*given, **more):
        calls.update(more, config=given[-1])
        raise SystemExit(0)

    monkeypatch.setattr(training, "train", verb)
    monkeypatch.setattr(evaluation, "evaluate", verb)
    return calls


def test_each_field_is_an_option_of_train():
    """But for those left to docks and Python, and what was taken together, which tests ask."""
    fields = settings_of(ItemsQuery).keys() | settings_of(TrainingConfig).keys()
    assert fields - options_of("train").keys() == {*NO_OPTIONS, "acquisition"}


def test_each_field_is_an_option_of_evaluate():
    """But for those of before, and those that an evaluation does not ask, as is said there."""
    fields = settings_of(ItemsQuery).keys() | settings_of(TrainingConfig).keys()
    options = options_of("evaluate")
    assert fields - options.keys() == {*NO_OPTIONS, *NOT_ASKED}
    assert settings_of(EvaluationChoices).keys() <= options.keys()


def test_each_option_has_the_help_and_the_default_of_its_field():
    """One home of what a setting means and of what it is unless told."""
    for command, data_class in (
        ("train", TrainingConfig), ("train", ItemsQuery), ("evaluate", EvaluationChoices)
    ):  # fmt: skip
        options = options_of(command)
        for name in settings_of(data_class).keys() & options.keys():
            setting = settings_of(data_class)[name]
            assert options[name].help == setting.meaning != ""
            if setting.default not in ((), MISSING):
                assert options[name].default == setting.default


def test_objects_are_asked_beside_their_masks():
    """As a person looks for them, and channels before the network that looks at them."""
    names = list(options_of("evaluate"))
    start = names.index("masks")
    assert names[start : start + 5] == ["masks", "split_masks", "box", "neighbours", "folds"]
    assert names[names.index("curve") :][:3] == ["curve", "channels", "network"]


def test_what_is_not_said_is_the_default(asked, folder, tmp_path):
    """The verbs get the settings as they are without a command line."""
    output = str(tmp_path / "new.keras")
    done = CliRunner().invoke(app, ["train", str(folder), "--output", output])
    assert done.exit_code == 0, done.output
    assert asked["config"] == TrainingConfig()
    report = str(tmp_path / "report.html")
    done = CliRunner().invoke(app, ["evaluate", str(folder), "--report", report])
    assert done.exit_code == 0, done.output
    assert asked["config"] == TrainingConfig()
    assert EvaluationChoices(
        **{name: asked[name] for name in settings_of(EvaluationChoices)}
    ) == EvaluationChoices()  # fmt: skip


def test_what_is_said_comes_into_the_config(asked, folder, tmp_path):
    """Of every kind of field: numbers, words, names, flags and paths."""
    said = ["--epochs", "3", "--risk", "0.1", "--projection", "mean", "--channels", "GFP, DNA",
            "--no-finish", "--orientations", "--from", "old.keras", "--size", "64"]  # fmt: skip
    command = ["train", str(folder), "--output", str(tmp_path / "new.keras"), *said]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert asked["config"] == TrainingConfig(
        epochs=3, risk=0.1, projection="mean", channels=("GFP", "DNA"), finish=False,
        orientations=True, start_from="old.keras", size=64,
    )  # fmt: skip
    said = ["--seeds", "1", "--classifier", "old.keras", "--no-curve", "--method", "texture"]
    command = ["evaluate", str(folder), "--report", str(tmp_path / "report.html"), *said]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert (asked["seeds"], asked["classifier"]) == (1, Path("old.keras"))
    assert (asked["curve"], asked["controls"], asked["method"]) == (False, True, "texture")


def test_new_names_are_pairs():
    """Classes and channels are said in the same way."""
    assert new_names_in("ctrl = control, Control=control") == {
        "ctrl": "control", "Control": "control"
    }  # fmt: skip
    assert new_names_in(None) == {}
    for wrong in ("control", "=control", "ctrl=", "a=b,a=c"):
        with pytest.raises(ImageClassifierError, match=f"not {wrong}"):
            new_names_in(wrong)


def numbers():
    """Every option of every command that takes a number."""
    for name, command in get_command(app).commands.items():
        for option in command.params:
            kind = option.type_descriptor.annotation
            if kind in (int, float):
                yield pytest.param(name, option.opts[0], kind, id=f"{name} {option.opts[0]}")


@pytest.mark.parametrize(("command", "option", "kind"), list(numbers()))
def test_a_number_out_of_range_is_refused_before_work_begins(command, option, kind, tmp_path):
    """By the name of the option, with its range, and with the exit status of such refusals."""
    given = {"import": ["n.keras", "--classes", "a,b", "--channels", "c", "--output"],
             "agreement": ["a.csv", "b.csv", "--report"],
             "evaluate": [str(tmp_path), "--report"],
             "classify": [str(tmp_path), "--classifier", "c.keras", "--output"],
             "train": [str(tmp_path), "--output"]}  # fmt: skip
    values = ["-5", str(10**9 * 10**9), *(["nan", "inf", "-inf"] if kind is float else ["1.5"])]
    for value in [*values, "", "abc"]:
        arguments = [command, *given[command], str(tmp_path / "new"), option, value]
        done = CliRunner().invoke(app, arguments, env={"COLUMNS": "1000"})
        assert done.exit_code == 2, (value, done.output)
        assert option in done.output
        if value not in ("", "abc", "1.5"):
            assert "must be" in done.output
    assert list(tmp_path.iterdir()) == []


def test_an_empty_text_is_refused():
    """A variable of a script that was not set asks for nothing."""
    for value in (" ", "\t"):
        done = CliRunner().invoke(app, ["train", "images", "--output", "o.keras", "--axes", value])
        assert done.exit_code == 2
        assert "--axes" in done.output
