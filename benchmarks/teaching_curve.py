"""From nothing to a useful classifier: accuracy on plates never seen, against the labels given.

    python benchmarks/teaching_curve.py DATA/mitocheck [--seeds 3] [--networks 2] [--json FILE]
                                        [--picture FILE]

The labels that experts gave stand for the person. A quarter of the plates is kept aside and never
labelled. From 20 random labels on, the person labels 40 at a time: what the queue of *Label images*
puts first (a classifier of texture features learns from the labels so far and puts the others in
order, through the same job as the dock), or at random. With as many labels, networks are trained
with the defaults.
"""

import argparse
import json
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import napari_image_classifier as nic
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.items.consensus import learnable
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.jobs import suggest_labels
from napari_image_classifier.raters.active_learning import SuggestRequest
from napari_image_classifier.training.config import TrainingConfig

FIRST, STEP, LAST = 20, 40, 420
NETWORK_AT = (100, 220, 420)
HELD_OUT = 0.25
TEXTURE = TrainingConfig(network="texture")


def split(data, seed):
    """Return the items that may be labelled, and those of the plates kept aside."""
    labels = pd.read_csv(data / "labels.csv", dtype=str)
    labels["file"] = labels["file"].str.removeprefix("images/")
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "items.csv"
        labels[["file", "class", "plate", "well"]].to_csv(table, index=False)
        items = nic.read_items(data / "images", items_csv=table, group="well")
    plates = sorted(labels["plate"].unique())
    random.Random(seed).shuffle(plates)
    aside = set(plates[: round(HELD_OUT * len(plates))])
    pool = tuple(item for item in items.items if item.columns["plate"] not in aside)
    held = tuple(item for item in items.items if item.columns["plate"] in aside)
    return replace(items, items=pool), replace(items, items=held)


def trained(items: ItemTable, config, folder):
    """Return the classifier of these labels, None where too few can be learnt."""
    some, _ = learnable(items)
    path = Path(folder) / f"{time.monotonic_ns()}.keras"
    try:
        return nic.train(some, config, output=path, in_process=True)
    except TrainingRefused as refused:
        print(f"    refused: {refused}")
        return None


def looked_at(items: ItemTable, classifier, annotated=()):
    """Return what the job says of items."""
    request = SuggestRequest(items, classifier.path, tuple(annotated))
    return suggest_labels.run(request, lambda event: None, lambda: False)


def scores(classifier, held):
    """Return accuracy and balanced accuracy on plates never seen; classes not learnt count."""
    if classifier is None:
        return 0.0, 0.0
    said = {row.key: row.class_name for row in looked_at(held, classifier).items}
    right = pd.DataFrame(
        {"class": [item.class_name for item in held.items],
         "right": [said[item.key] == item.class_name for item in held.items]}
    )  # fmt: skip
    return float(right["right"].mean()), float(right.groupby("class")["right"].mean().mean())


def labelled(pool, seed, way, folder):
    """Yield what is labelled after each round, with the classifier that learnt from it."""
    order = [item.key for item in pool.items]
    random.Random(seed).shuffle(order)
    known = set(order[:FIRST])
    while True:
        items = replace(pool, items=tuple(item for item in pool.items if item.key in known))
        classifier = trained(items, TEXTURE, folder)
        yield items, classifier
        if len(known) >= LAST:
            return
        following = [key for key in order if key not in known]
        if way == "queue" and classifier is not None:
            following = list(looked_at(pool, classifier, known).order)
        known |= set(following[:STEP])


def run(data, seed, with_networks):
    """Return a row for every number of labels, way and kind of classifier."""
    pool, held = split(data, seed)
    rows = []
    for way in ("queue", "random"):
        with tempfile.TemporaryDirectory() as folder:
            for items, texture in labelled(pool, seed, way, folder):
                n = len(items.items)
                kinds = {"texture": texture}
                if with_networks and n in NETWORK_AT:
                    kinds["network"] = trained(items, TrainingConfig(), folder)
                for kind, classifier in kinds.items():
                    accuracy, balanced = scores(classifier, held)
                    classes = len(items.class_names)
                    rows.append(
                        {"seed": seed, "way": way, "kind": kind, "labels": n, "classes": classes,
                         "accuracy": accuracy, "balanced": balanced}
                    )  # fmt: skip
                    print(f"seed {seed} {way:6} {kind:7} {n:4} labels, {classes:2} classes: "
                          f"{accuracy:.3f} balanced {balanced:.3f}", flush=True)  # fmt: skip
    return rows


def draw(table, path):
    """Draw the curves, each seed pale, their mean strong."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.4), layout="constrained")
    colours = {"queue": "#1f4e79", "random": "#c06000"}
    for axes, kind in zip(figure.subplots(1, 2, sharey=True), ("texture", "network"), strict=True):
        for way, colour in colours.items():
            part = table[(table["kind"] == kind) & (table["way"] == way)]
            for _, of_seed in part.groupby("seed"):
                axes.plot(of_seed["labels"], of_seed["accuracy"], color=colour, alpha=0.25)
            mean = part.groupby("labels")["accuracy"].mean()
            axes.plot(mean.index, mean, "o-", color=colour, label=way, markersize=4)
        axes.set_title({"texture": "texture features", "network": "a network"}[kind])
        axes.set_xlabel("labels given")
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("accuracy on plates never seen")
    figure.axes[0].legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--networks", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args()
    rows = []
    for seed in range(asked.seeds):
        rows += run(asked.data, seed, seed < asked.networks)
    table = pd.DataFrame(rows)
    means = table.groupby(["kind", "labels", "way"])[["accuracy", "balanced", "classes"]].mean()
    print(means.unstack("way").round(3).to_string())
    ends = table[table["labels"] == table["labels"].max()]
    for kind, part in ends.groupby("kind"):
        pair = part.pivot_table(index="seed", columns="way", values="accuracy")
        apart = np.round((pair["queue"] - pair["random"]).to_numpy(), 3)
        print(f"{kind}: queue minus random at the end, by seed: {apart}")
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n")
    if asked.picture:
        draw(table, asked.picture)


if __name__ == "__main__":
    main()
