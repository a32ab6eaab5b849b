"""The options of the command line: their names, and what ``--help`` says of them."""

from pathlib import Path
from typing import Annotated

import typer

from napari_image_classifier.training.config import LEARNER_NAMES

Images = Annotated[
    Path, typer.Argument(metavar="IMAGES", help="The folder of images; sub-folders are searched.")
]
Pattern = Annotated[
    str | None,
    typer.Option(
        help="File names with fields in braces, where one image is several files: "
        "{well}_s{site}_w{channel}.tif"
    ),
]
Axes = Annotated[
    str | None, typer.Option(help="What each axis means in files that don't say, such as ZYX.")
]
Masks = Annotated[
    str | None,
    typer.Option(
        help="Classify objects: the folder of masks in which each has its number, named like their "
        "images, or a pattern such as {name}_cp_masks.png."
    ),
]
Box = Annotated[
    str,
    typer.Option(
        help="The side of the square cut out around each object, in pixels or as 12.5um; unless "
        "told, from the objects."
    ),
]
Neighbours = Annotated[
    str, typer.Option(help="What belongs to other objects in that square: kept or masked.")
]
Each = Annotated[str, typer.Option(help="What is classified: every image, time (point) or plane.")]
Projection = Annotated[
    str, typer.Option(help="How a Z stack becomes a plane: max, mean, sum, middle or sharpest.")
]
Names = Annotated[str, typer.Option(help="Names separated by commas, in the network's order.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what the output holds.")]
NewClassifier = Annotated[Path, typer.Option(help="The classifier to write, a .keras file.")]

Items = Annotated[
    Path | None,
    typer.Option(
        help="A CSV with the columns file, class and optionally item (such as t=3 or label=12) and "
        "group; without it the sub-folders are the classes."
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        help="What images share that must be kept together (same well, dish, animal): a column, "
        "a field of the pattern, folder, or folder:2."
    ),
]
Channels = Annotated[
    str | None,
    typer.Option(help="Channels to learn from, separated by commas; all unless told."),
]
Network = Annotated[str, typer.Option(help=" or ".join(LEARNER_NAMES))]
Weights = Annotated[
    str,
    typer.Option(
        help="What a network with a name from keras.applications begins with: imagenet (learnt "
        "from photographs, downloaded once), none, or a file of such weights."
    ),
]
Intensity = Annotated[
    str, typer.Option(help="fixed (brightness counts), percentiles (of each image) or none.")
]
Size = Annotated[
    int | None,
    typer.Option(help="Side in pixels that images are fitted into; unless told, from the images."),
]
Epochs = Annotated[int, typer.Option(help="Passes over the images, at most.")]
BatchSize = Annotated[int, typer.Option(help="Images per step.")]
LearningRate = Annotated[
    float | None, typer.Option(help="The largest step; unless told, what suits the network.")
]
Patience = Annotated[int, typer.Option(help="Epochs without improvement before training ends.")]
ValidationFraction = Annotated[
    float, typer.Option(help="The part of the images kept aside to check with.")
]
Finish = Annotated[
    bool,
    typer.Option(
        "--finish/--no-finish",
        help="Learn from the images kept aside, too, once they have been checked with.",
    ),
]
Members = Annotated[
    int, typer.Option(help="Networks that learn from different parts and decide together.")
]
Orientations = Annotated[
    bool,
    typer.Option("--orientations", help="Classify each image in eight orientations, averaged."),
]
Risk = Annotated[
    float | None,
    typer.Option(
        help="The part of its answers that may be wrong at most, such as 0.05; where it is "
        "less sure than that takes, it says so."
    ),
]
Seed = Annotated[int, typer.Option(help="Same seed, same classifier.")]
StartFrom = Annotated[
    Path | None,
    typer.Option("--from", help="A classifier of the same classes and channels to go on from."),
]
Backend = Annotated[
    str | None,
    typer.Option(
        help="What Keras computes with: tensorflow, torch (PyTorch) or jax; unless told, what it "
        "is set to, or what is installed."
    ),
]

Report = Annotated[
    Path, typer.Option(help="The report to write, an .html file; its numbers lie beside it.")
]
Acquisition = Annotated[
    str | None,
    typer.Option(
        help="What says which images were taken together (same plate, day, microscope): a column, "
        "a field of the pattern, folder, or folder:2."
    ),
]
Method = Annotated[
    str,
    typer.Option(help="What is evaluated: network, or texture features, which take seconds."),
]
Finished = Annotated[
    Path | None,
    typer.Option(
        "--classifier",
        help="A finished classifier to test on these images, which it must not have learnt from.",
    ),
]
Controls = Annotated[
    bool,
    typer.Option(
        "--controls/--no-controls",
        help="Whether other explanations than biology are looked for.",
    ),
]
Curve = Annotated[
    bool, typer.Option("--curve/--no-curve", help="Whether it is tried with fewer groups, too.")
]
Folds = Annotated[
    int, typer.Option(help="Parts that the groups are dealt into; each is tested once.")
]
Seeds = Annotated[
    int, typer.Option(help="How often everything is done again, dealt and begun otherwise.")
]

Classifier = Annotated[Path, typer.Option(help="A classifier, a .keras file.")]
Table = Annotated[Path, typer.Option(help="The table to write, a CSV.")]
Workers = Annotated[
    int | None, typer.Option(help="Images worked on side by side; one per core unless told.")
]
Shard = Annotated[
    str | None,
    typer.Option(
        metavar="K/N",
        help="Classify only the K-th of N shares of the images, in job arrays; merge makes one "
        "table of them.",
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Classify on the workers of the Dask scheduler there, such as tcp://name:8786.",
    ),
]
DaskCa = Annotated[Path | None, typer.Option(help="The cluster's CA certificate, a PEM file.")]
DaskCertificate = Annotated[Path | None, typer.Option(help="Your certificate, a PEM file.")]
DaskKey = Annotated[Path | None, typer.Option(help="The key of your certificate, a PEM file.")]

Predictions = Annotated[
    Path, typer.Argument(metavar="PREDICTIONS", help="A table that classify has written, a CSV.")
]
By = Annotated[
    str,
    typer.Option(help="The columns to count by, separated by commas, such as plate,well."),
]
Summary = Annotated[
    Path | None,
    typer.Option(help="The table to write, a CSV; predictions.by-well.csv unless told."),
]
PlateMap = Annotated[
    Path | None,
    typer.Option(help="A picture of every plate to write, with its wells coloured: PNG, SVG, PDF."),
]
Show = Annotated[
    str | None,
    typer.Option(
        help="What the pictures show: columns of the summary, separated by commas; the per cent of "
        "every class unless told."
    ),
]
WellsKnown = Annotated[
    Path | None,
    typer.Option(
        help="A CSV of what is known of the wells: the columns well, optionally plate, and any "
        "others, such as dose and compound."
    ),
]
Dose = Annotated[
    str | None,
    typer.Option(help="The column that holds doses: says how far the classes follow them."),
]
Series = Annotated[
    str | None,
    typer.Option(help="A column whose values have a dose response each, such as the compound."),
]
DoseResponse = Annotated[
    Path | None,
    typer.Option(help="A picture of every well over its dose to write: PNG, SVG, PDF."),
]
Classified = Annotated[
    Path, typer.Argument(metavar="IMAGES", help="The folder of images that was classified.")
]
Copies = Annotated[
    Path, typer.Argument(metavar="OUTPUT", help="A new or empty folder for the copies.")
]
Manifest = Annotated[
    Path,
    typer.Argument(metavar="MANIFEST", help="The .manifest.json beside a classifier or a table."),
]
ImagesNow = Annotated[
    Path | None, typer.Option(help="The folder of the images, where they have moved since.")
]
ClassifierNow = Annotated[
    Path | None, typer.Option(help="The classifier of a table, where it has moved since.")
]
Again = Annotated[
    Path | None,
    typer.Option(help="Where to keep the classifier that is trained again, a .keras file."),
]

SavedNetwork = Annotated[
    Path, typer.Argument(metavar="NET.keras", help="A network saved by Keras 3.")
]
ImportedSize = Annotated[
    int | None,
    typer.Option(help="Side in pixels images are scaled to, where the network takes any size."),
]
ImportedIntensity = Annotated[
    str, typer.Option(help="none (pixels as they are) or percentiles (of each image, to 0 and 1).")
]

DescribedFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="An image, or a classifier (.keras).")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs to read.")]
DemoFolder = Annotated[Path, typer.Option(help="A folder for everything it makes.")]
Close = Annotated[bool, typer.Option("--close", help="Close the viewer when its picture is taken.")]

RaterTables = Annotated[
    list[Path],
    typer.Argument(
        metavar="TABLE...",
        help="Tables of what raters said (columns file, class, and optionally item and rater), and "
        "tables that classify has written.",
    ),
]
Truth = Annotated[
    str | None,
    typer.Option(
        help="What is true: a table with the columns file and class, or consensus, which is what "
        "most other raters said. With it a classifier is compared with each rater."
    ),
]
RaterGroup = Annotated[
    str | None,
    typer.Option(
        "--group",
        help="Which images are not independent (same well, dish, animal): a column of the tables, "
        "folder, or folder:2; the column group unless told.",
    ),
]
Margin = Annotated[
    float,
    typer.Option(min=0.01, max=0.5, help="How much worse still counts as “as good”."),
]
