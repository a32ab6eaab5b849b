"""Which plate, well, site and day an OME description says that an image is of."""

from pathlib import Path
from typing import Any

from napari_image_classifier.images.ome import elements, read_description
from napari_image_classifier.images.well_names import row_letters


def plate_fields(path: Path) -> dict[str, str]:
    """Return what the OME description of a file says of its place: plate, well, site and day.

    As a name pattern would give them: wells are called A01, sites are counted from 1, days are
    written 2026-11-23. What it does not say is not there; without a description nothing is.

    Raises
    ------
    ImageReadError
        The description can't be understood, or the file that holds it is missing.
    """
    root = read_description(path)
    if root is None:
        return {}
    image = _image_of(root, path)
    if image is None:
        return {}
    day = next((one.text or "" for one in elements(image, "AcquisitionDate")), "")
    fields = _place(root, image.get("ID", ""))
    return {**fields, "day": day[:10]} if day else fields


def _image_of(root: Any, path: Path) -> Any:
    """Return the description's image that lies in this file; the only one, if there is one."""
    images = elements(root, "Image")
    for image in images:
        names = {uuid.get("FileName", "").casefold() for uuid in elements(image, "UUID")}
        if path.name.casefold() in names:
            return image
    return images[0] if len(images) == 1 else None


def _place(root: Any, image: str) -> dict[str, str]:
    for plate in elements(root, "Plate"):
        for well in elements(plate, "Well"):
            for number, sample in enumerate(elements(well, "WellSample"), start=1):
                if any(ref.get("ID") == image for ref in elements(sample, "ImageRef")):
                    name = plate.get("Name") or plate.get("ID") or ""
                    return {"plate": name, "well": _well(well), "site": str(number)}
    return {}


def _well(well: Any) -> str:
    row, column = int(well.get("Row", 0)), int(well.get("Column", 0))
    return f"{row_letters(row)}{column + 1:02}"
