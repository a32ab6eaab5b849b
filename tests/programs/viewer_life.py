"""A viewer with a life of its own, in a process that a test can watch and kill.

    python tests/programs/viewer_life.py FOLDER CLASSIFIER [--network]

Goes round a few times (open, train, cancel, close), classifies a folder and trains in a window with
every dock, then works until it is ended. Tells what happens, a line of JSON each.
"""

import gc
import json
import sys
import time
import weakref
from pathlib import Path

import napari
import psutil
from qtpy.QtCore import QSettings
from qtpy.QtTest import QTest

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.processes import command_of, living_children

PLUGIN = "napari-image-classifier"
DOCKS = ("Classify images", "Classify folder", "Label images", "Compare with me",
         "Train classifier")  # fmt: skip
MOMENTS = ("before it starts", "while it starts", "while it works")
# Long enough on a busy computer; never waited for when all is well.
SECONDS = 120


def main():
    folder, classifier = map(Path, sys.argv[1:3])
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    for moment in MOMENTS:
        tell("closed", moment=moment, **once_round(folder, moment))
    viewer = napari.Viewer(show=True)
    docks = {name: viewer.window.add_plugin_dock_widget(PLUGIN, name)[1] for name in DOCKS}
    tell("classified", message=classified(docks["Classify folder"], folder, classifier))
    train = docks["Train classifier"]
    ready(train, folder)
    trained = []
    train.trained.connect(trained.append)
    train.run_button.click()
    wait_until(lambda: trained)
    tell("trained", file=trained[0])
    work_on(docks, folder, learns="--network" in sys.argv)
    tell("working", processes=[one.pid for one in living_children()])
    napari.run()


def once_round(folder, moment):
    """Open a viewer, begin a training, close it; return what is left."""
    viewer = napari.Viewer(show=True)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Train classifier")
    ready(dock, folder)
    heard = []
    dock._worker.happened.connect(heard.append)
    dock.run_button.click()
    if moment != MOMENTS[0]:
        wait_until(lambda: dock._worker.pid is not None)
    if moment == MOMENTS[2]:
        wait_until(lambda: heard)
        # Of the others the closing window takes care.
        dock.progress.cancel_button.click()
    window = viewer.window._qt_window
    if moment == MOMENTS[1]:
        # As the button in its corner does.
        window.close()
    else:
        viewer.close()
    gone = weakref.ref(dock)
    dock = viewer = window = _ = None
    wait_until(lambda: not living_children() and is_gone(gone), 10, otherwise=lambda: None)
    return {"processes": [command_of(one) for one in living_children()], "dock": gone() is not None}


def is_gone(reference):
    gc.collect()
    return reference() is None


def ready(dock, folder):
    """Fill the dock in, for texture features."""
    dock.source.choose_folder(folder / "classes")
    wait_until(lambda: dock.source.survey is not None)
    dock.source.group.choose(None)
    dock.form["network"].value = "texture"
    wait_until(dock.run_button.isEnabled)


def classified(dock, folder, classifier):
    """Classify a folder to its end; return what is said then."""
    dock.form["folder"].value = folder / "few"
    dock.use_classifier(classifier)
    wait_until(dock.run_button.isEnabled)
    ended = []
    dock.ended.connect(lambda: ended.append(True))
    dock.run_button.click()
    wait_until(lambda: ended)
    return dock.progress.message.text()


def work_on(docks, folder, learns):
    """Begin a folder that takes several processes, and the training of a network."""
    batch, train = docks["Classify folder"], docks["Train classifier"]
    batch.form["folder"].value = folder / "many"
    train.form["network"].value = "residual"
    train.form["epochs"].value = 1000
    train.form["size"].value = 32
    wait_until(lambda: batch.run_button.isEnabled() and train.run_button.isEnabled())
    heard = []
    train._worker.happened.connect(lambda event: heard.append(event["event"]))
    train.run_button.click()
    if learns:
        wait_until(lambda: "epoch" in heard)
    batch.run_button.click()
    # With one core there is no helper.
    wait_until(lambda: helps() if psutil.cpu_count() > 1 else len(living_children()) > 1)


def helps():
    """Whether a helper of the batch has begun: it listens on a thread of its own."""
    helpers = [one for one in living_children() if ".batch.helper" in command_of(one)]
    return any(one.num_threads() > 1 for one in helpers)


def tell(what, **facts):
    sys.stdout.write(json.dumps({"what": what, **facts}) + "\n")
    sys.stdout.flush()


def wait_until(holds, seconds=SECONDS, otherwise=None):
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            if otherwise is not None:
                return otherwise()
            tell("too long", processes=[command_of(one) for one in living_children()])
            sys.exit(1)
        QTest.qWait(20)
    return None


if __name__ == "__main__":
    main()
