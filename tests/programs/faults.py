"""Work that is struck while it writes: a folder, a training, labels; see `fault_points`.

    python faults.py IMAGES

writes images to that folder, says a line, and then reads requests on standard input, one line of
JSON each, and answers each with one. A request is
done in a process of its own that is forked from this one, where all modules are loaded already. It
holds "work" (a name of `WORK`), "folder" (where everything lies), "fault" (None, or a list that
makes a `Fault`). The answer has "code" (how the process ended: 0, `REFUSED`, `BROKEN`, the exit
status of a command, or a signal as a negative number) and "said", all that it said, line by line.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

REFUSED, BROKEN = 3, 4
OUTPUT = "output"

Say = Callable[[dict[str, Any]], None]


def write_images(folder: Path) -> None:
    """Bright and dark images, an hour old, and one that is none."""
    import numpy as np

    from napari_image_classifier.images.image import Image
    from napari_image_classifier.images.tiff.writer import write_image

    random = np.random.default_rng(0)
    for number in range(8):
        name = ("bright", "dark")[number % 2]
        path = folder / "good" / name / f"well {number // 2}" / f"{number}.tif"
        path.parent.mkdir(parents=True)
        pixels = random.poisson((300, 30)[number % 2], (2, 24, 24)).astype(np.uint16)
        write_image(path, Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA")))
    (folder / "broken.tif").write_bytes(b"II*\0 not really")
    for path in folder.rglob("*.tif"):
        os.utime(path, (0, 0))


def learn(folder: Path, say: Say, network: str = "texture", **choices: Any) -> None:
    """Train on the images, and say what the classifier's networks are."""
    from napari_image_classifier.classifiers.classifier import load_classifier
    from napari_image_classifier.items.reading import read_items
    from napari_image_classifier.jobs import train
    from napari_image_classifier.networks import members as network_training
    from napari_image_classifier.training.config import TrainingConfig
    from napari_image_classifier.training.train_job import TrainRequest

    network_training.SECONDS_BETWEEN_CHECKPOINTS = 0
    table = read_items(folder / "images" / "good", group="folder")
    config = TrainingConfig(network=network, size=24, validation_fraction=0.4, **choices)
    output = folder / OUTPUT / "cells.keras"
    result = train.run(TrainRequest(table, config, output), lambda event: None, lambda: False)
    members = load_classifier(output).description.members
    say({"result": weights_in(output) or [member.weights_sha256 for member in members]})
    say({"gone on": sum("Gone on" in message for message in result.messages)})


def learn_by_network(folder: Path, say: Say) -> None:
    """Train a small network with Keras."""
    learn(folder, say, "residual", epochs=3, patience=3, seed=3)


def weights_in(path: Path) -> list[str]:
    """A hash of the numbers of each network that Keras wrote."""
    from programs.resumed_training import weights_in as hashes

    return hashes(path)


def classify(folder: Path, say: Say) -> None:
    """Classify the images into a table."""
    from napari_image_classifier.batch import journal
    from napari_image_classifier.batch.result import FolderRequest
    from napari_image_classifier.jobs import classify_folder as job

    journal.SECONDS_BETWEEN_DISK_FLUSHES = -1
    output = folder / OUTPUT / "predictions.csv"
    request = FolderRequest(folder / "images", folder / "cells.keras", output, workers=1)
    result = job.run(request, lambda event: None, lambda: False)
    say({"result": result.output.read_text(encoding="utf-8")})
    say({"gone on": result.n_resumed})


def _command(*arguments: object) -> None:
    """Run a command as it is typed."""
    from napari_image_classifier.cli.app import main

    sys.argv = ["napari-image-classifier", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise


def train_by_command(folder: Path, say: Say) -> None:
    """Train on texture, unless that was done."""
    output = folder / OUTPUT / "cells.keras"
    if not output.exists():
        _command("train", folder / "images" / "good", "--group", "folder", "--network", "texture",
                 "--size", 24, "--validation-fraction", 0.4, "--output", output)  # fmt: skip
    say({"result": output.stat().st_size})


def classify_by_command(folder: Path, say: Say) -> None:
    """Classify the images into a table."""
    output = folder / OUTPUT / "predictions.csv"
    _command("classify", folder / "images", "--classifier", folder / "cells.keras",
             "--output", output, "--workers", 1)  # fmt: skip
    say({"result": output.read_text(encoding="utf-8")})


def merge_by_command(folder: Path, say: Say) -> None:
    """Classify two shares, make one table of them, and summarize and sort that."""
    output = folder / OUTPUT / "predictions.csv"
    for share in ("1/2", "2/2"):
        _command("classify", folder / "images", "--classifier", folder / "cells.keras",
                 "--output", output, "--shard", share, "--workers", 1)  # fmt: skip
    _command("merge", "--output", output)
    _command("summarize", output, "--by", "class", "--output", folder / OUTPUT / "classes.csv",
             "--overwrite")  # fmt: skip
    say({"result": output.read_text(encoding="utf-8")})


def label(folder: Path, say: Say) -> None:
    """Give classes, one after another, and say of each when it is given.

    Before each step the state that it leads to is said as "doing", after it as "done".
    """
    desk = _Desk(folder)
    say({"found": desk.state})
    for step in desk.steps():
        expected = desk.expected(step)
        say({"doing": expected})
        step()
        assert desk.state == expected, (desk.state, expected)
        say({"done": desk.state})
    say({"result": desk.state})


class _Desk:
    """A table of labels, one of objects, and a blinded session, as far as they have come."""

    ITEMS = ("a.tif", "b.tif", "c.tif", "d.tif")
    OBJECTS = ("label=1", "label=2", "label=3")

    def __init__(self, folder: Path) -> None:
        from napari_image_classifier.raters.annotation_log import AnnotationLog
        from napari_image_classifier.raters.object_annotations import ObjectAnnotations

        self._folder = folder / OUTPUT
        self._folder.mkdir(exist_ok=True)
        self._images = folder / "images" / "good"
        self._log = AnnotationLog(self._folder / "labels.csv", "Ada")
        self._objects = ObjectAnnotations(self._folder / "cells.csv", "cells.tif", self.OBJECTS)
        self._session = self._opened_session()

    @property
    def state(self) -> dict[str, dict[str, str]]:
        """What was given, by what and where."""
        answers = self._session.answers if self._session else {}
        return {
            "labels": {key.file: one.class_name for key, one in self._log.annotations.items()},
            "objects": dict(self._objects.classes),
            "answers": {str(place): one.class_name for place, one in answers.items()},
        }

    def steps(self) -> Iterator[Callable[[], Any]]:
        """Yield what is still to be done; each one changes the state."""
        for name in self.ITEMS:
            if name not in self.state["labels"]:
                yield lambda name=name: self._give(name, "od" if name in "b.tif c.tif" else "even")
        if "od" in self.state["labels"].values():
            yield lambda: self._log.rename("od", "odd")
        if self.state["labels"]["d.tif"] == "even":
            yield lambda: self._give("d.tif", "slip")
        if self.state["labels"]["d.tif"] == "slip":
            yield lambda: self._give("d.tif", "odd")
        for name in self.OBJECTS:
            if name not in self.state["objects"]:
                yield lambda name=name: self._objects.give({name: "round"})
        if self._session is None:
            yield self._begin_session
        assert self._session is not None
        while self._session.position is not None:
            yield lambda: self._session.answer(("bright", "dark")[self._session.position % 2], 1.0)

    def expected(self, step: Callable[[], Any]) -> dict[str, dict[str, str]]:
        """Return the state that a step leads to, found on a copy of all files."""
        import shutil
        import tempfile

        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(self._folder, Path(copy) / OUTPUT)
            (Path(copy) / "images").symlink_to(self._images.parent, target_is_directory=True)
            desk = _Desk(Path(copy))
            next(desk.steps())()
            return desk.state

    def _give(self, name: str, class_name: str) -> None:
        from napari_image_classifier.items.annotations import ItemKey

        self._log.give([ItemKey(name, "")], class_name)

    def _opened_session(self) -> Any:
        from napari_image_classifier.raters.blinded_session import PLAN, BlindedSession

        folder = self._folder / "session"
        return BlindedSession(folder) if (folder / PLAN).exists() else None

    def _begin_session(self) -> None:
        from napari_image_classifier.classifiers.prediction import Prediction
        from napari_image_classifier.items.reading import read_items
        from napari_image_classifier.raters.blinded_session import (
            SessionPlan,
            create_session,
            showings_of,
        )

        items = read_items(self._images)
        plan = SessionPlan(
            rater="Ada", truth="condition", margin=0.1, seed=1, class_names=("bright", "dark"),
            classifier="cells.keras", classifier_sha256="0" * 64, each="image", items=items,
            showings=tuple(showings_of(3, seed=1)),
        )  # fmt: skip
        said = [Prediction(one.file, "", "ok", "bright", 0.9, {"bright": 0.9, "dark": 0.1})
                for one in items.items]  # fmt: skip
        self._session = create_session(self._folder / "session", plan, said)


WORK: dict[str, Callable[[Path, Say], None]] = {
    "training": learn,
    "networks": learn_by_network,
    "batch": classify,
    "labels": label,
    "train": train_by_command,
    "classify": classify_by_command,
    "merge": merge_by_command,
}


def _do(request: dict[str, Any], said: int) -> None:
    """Do the work in this process, which ends with it."""
    from helpers.fault_points import Fault, watch
    from napari_image_classifier.errors import ImageClassifierError

    def say(word: dict[str, Any]) -> None:
        really_write(said, json.dumps(word).encode() + b"\n")

    really_write = os.write
    folder = Path(request["folder"])
    fault = Fault(*request["fault"]) if request["fault"] else None
    watching = watch(folder / OUTPUT, fault)
    code = 0
    try:
        WORK[request["work"]](folder, say)
    except ImageClassifierError as error:
        code = REFUSED
        say({"refused": str(error)})
    except OSError as error:
        # What labels are written by says it in this way, and the docks say it in a sentence.
        code = REFUSED if request["work"] == "labels" else BROKEN
        say({"refused": str(error), "traceback": traceback.format_exc()})
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - whatever it is, it is told, and fails the test
        code = BROKEN
        say({"traceback": traceback.format_exc()})
    say({"points": watching.points, "modules": list(sys.modules)})
    os._exit(code)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    ear, mouth = os.pipe()
    child = os.fork()
    if not child:
        os.close(ear)
        _do(request, mouth)
    os.close(mouth)
    with os.fdopen(ear, encoding="utf-8") as heard:
        said = [json.loads(line) for line in heard]
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if said and "modules" in said[-1]:
        # The next one finds them loaded. What was half done by a kill is nobody's model.
        for name in said[-1].pop("modules"):
            _load(name)
    return {"code": code, "said": said}


def _load(name: str) -> None:
    if name in sys.modules or name == "__main__":
        return
    try:
        import_module(name)
    except Exception:  # noqa: BLE001 - some can only be loaded by those that have them
        return


def main() -> None:
    """Answer until nobody asks."""
    # Whatever a library prints is no answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    write_images(Path(sys.argv[1]))
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
