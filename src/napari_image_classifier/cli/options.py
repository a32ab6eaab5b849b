"""Options that several commands share, or that have bounds: their types, and their help."""

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
Names = Annotated[str, typer.Option(help="Names separated by commas, in the network's order.")]
ChannelMap = Annotated[
    str | None,
    typer.Option(
        metavar="A=B",
        help="What the images call channels of the classifier, where they have other names: "
        "DNA=405,GFP=488.",
    ),
]
Margin = Annotated[
    float, typer.Option(min=0.01, max=0.5, help="How much worse still counts as “as good”.")
]
