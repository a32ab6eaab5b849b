"""Options of the commands: their types, and what ``--help`` says of them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.system.settings import settings_of
from napari_image_classifier.training.config import TrainingConfig


def _meaning(kind: Any, name: str) -> Any:
    return typer.Option(help=settings_of(kind)[name].meaning)


Pattern = Annotated[str | None, _meaning(ItemsQuery, "pattern")]
Axes = Annotated[str | None, _meaning(ItemsQuery, "axes")]
Masks = Annotated[str | None, _meaning(ItemsQuery, "masks")]
Each = Annotated[str, _meaning(ItemsQuery, "each")]
Projection = Annotated[str, _meaning(TrainingConfig, "projection")]

Images = Annotated[
    Path, typer.Argument(metavar="IMAGES", help=settings_of(ItemsQuery)["folder"].meaning)
]
Names = Annotated[str, typer.Option(help="Names separated by commas, in the network's order.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what the output holds.")]
NewClassifier = Annotated[Path, typer.Option(help="The classifier to write, a .keras file.")]


Report = Annotated[
    Path, typer.Option(help="The report to write, an .html file; its numbers lie beside it.")
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
