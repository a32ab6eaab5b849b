"""Make the pictures of a study: labels given by eye, the blinded session, and its report.

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_study_screenshots.py

It needs the folder of real images beside the repository, and Chromium for the report. The person
is simulated: expert labels, three quarters of which are given, the rest guessed.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import napari
from make_screenshots import DATA, IMAGES, add_dock, close_docks, save, wait_until
from qtpy.QtCore import QSettings
from qtpy.QtTest import QTest

import napari_image_classifier as nic
from napari_image_classifier.training.config import TrainingConfig

MITOCHECK = DATA / "mitocheck"
CLASSES = ("Apoptosis", "Binuclear", "Interphase", "Metaphase", "Prometaphase")
LABELLED = 60
SHOWN = 150
RIGHT = 0.75


def main() -> None:
    """Label nuclei by eye, learn and go on; then compare the person with what has learnt."""
    if not MITOCHECK.is_dir():
        sys.exit(f"The real images are not here: {MITOCHECK}")
    with tempfile.TemporaryDirectory() as temporary:
        # Short names in the pictures.
        os.chdir(temporary)
        work = Path()
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, temporary)
        truth = copied(work / "nuclei")
        viewer = napari.Viewer(show=True)
        viewer.window._qt_window.resize(1500, 980)
        take_labelling(viewer, work / "nuclei", truth)
        close_docks(viewer)
        take_study(viewer, work, truth)
        viewer.close()
        os.chdir(IMAGES)


def copied(folder: Path) -> dict[str, str]:
    """Copy nuclei of some classes into one folder per plate; return the class of each file."""
    import pandas as pd

    labels = pd.read_csv(MITOCHECK / "labels.csv", dtype=str)
    truth = {}
    for _, row in labels[labels["class"].isin(CLASSES)].iterrows():
        plate = row["plate"].split("--")[0]
        name = f"{plate}/{Path(row['file']).name.split('___', 1)[1]}"
        (folder / plate).mkdir(parents=True, exist_ok=True)
        shutil.copy(MITOCHECK / row["file"], folder / name)
        truth[name] = row["class"]
    return truth


def take_labelling(viewer: napari.Viewer, folder: Path, truth: dict[str, str]) -> None:
    """Show the dock at work, and what it puts first after it has learnt from the labels."""
    dock = add_dock(viewer, "Label images")
    dock.source.choose_folder(folder)
    wait_until(lambda: dock.source.listed is not None)
    dock.source.group.choose("folder:1")
    dock.source.rater.setText("Ada")
    dock.source.begin()
    wait_until(lambda: dock.session is not None)
    for name in CLASSES:
        dock.classes.add(name)
    dock.choices.choose(order="random")
    for _ in range(LABELLED):
        wait_until(lambda: dock.session._since is not None)
        dock.give(truth[dock.session.current.file])
    wait_until(lambda: dock.session._since is not None)
    QTest.qWait(3000)
    save(viewer, "label-images")
    answered = []
    dock.active_learning.answered.connect(answered.append)
    dock.active_learning.learn()
    wait_until(lambda: bool(answered))
    dock.see_predictions.setChecked(True)
    wait_until(lambda: dock.session._since is not None)
    QTest.qWait(3000)
    dock.scroll_to(dock.active_learning)
    save(viewer, "label-images-queue")
    dock.stop()


def take_study(viewer: napari.Viewer, work: Path, truth: dict[str, str]) -> None:
    """Show the set-up, the session and the report of a comparison on plates never seen."""
    import pandas as pd

    table = work / "truth.csv"
    rows = [{"file": name, "class": of, "plate": name.split("/")[0]} for name, of in truth.items()]
    pd.DataFrame(rows).to_csv(table, index=False)
    items = nic.read_items(work / "nuclei", items_csv=table, group="plate")
    plates = sorted({item.group for item in items.items})
    learnt = tuple(item for item in items.items if item.group in plates[: len(plates) // 2])
    classifier = work / "nuclei.keras"
    nic.train(replace(items, items=learnt), TrainingConfig(network="texture"), output=classifier)
    dock = add_dock(viewer, "Compare with me")
    setup = dock.setup
    setup.form["folder"].value = work / "nuclei"
    setup.form["labels"].value = table
    setup.form["classifier"].value = classifier
    setup.form["session"].value = work / "session Ada"
    setup.number.setValue(SHOWN)
    setup.rater.setText("Ada")
    wait_until(lambda: setup.listed is not None)
    setup.group.choose("plate")
    wait_until(lambda: "such studies" in setup.power.text())
    save(viewer, "compare-set-up")
    setup.start()
    wait_until(lambda: dock.page._since is not None)
    chance = random.Random(0)
    count = 0
    while dock.page.running:
        wait_until(lambda: not dock.page.running or dock.page._since is not None)
        if not dock.page.running:
            break
        session = dock.page.session
        of = session.plan.items.items[session.plan.showings[session.position].item].class_name
        count += 1
        if count == 24:
            save(viewer, "compare-session")
        dock.page.answer(of if chance.random() < RIGHT else chance.choice(CLASSES))
    wait_until(lambda: dock.report is not None and dock.result.isVisible())
    save(viewer, "compare-result")
    draw_report(dock.report)


def draw_report(report: Path) -> None:
    """Draw the page as a browser shows it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("There is no Chromium, so the picture of the report was not made.")
        return
    subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--window-size=1050,2300", f"--screenshot={IMAGES / 'agreement-report.png'}",
         report.as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
