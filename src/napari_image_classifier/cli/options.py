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
NetworkChannels = Annotated[
    str,
    typer.Option(
        help="Names separated by commas, in the network's order; grey,grey,grey shows a grey image "
        "to all three inputs of a network for colours."
    ),
]
Margin = Annotated[
    float, typer.Option(min=0.01, max=0.5, help="How much worse still counts as “as good”.")
]
