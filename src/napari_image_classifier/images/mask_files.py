"""Which file is the mask of which image: by the same name, an ending, or a name pattern."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.image import IMAGE_SUFFIXES
from napari_image_classifier.images.name_patterns import ImageFiles, NamePattern, group_files

# What Cellpose, CellProfiler, StarDist and people put behind the name of the image.
ENDINGS = ("_cp_masks", "_masks", "_mask", "_labels", "_label", "_objects", "_seg")
OME = ".ome"


class MasksError(ImageClassifierError):
    """Masks that are not there, or that can't be told apart."""


def stored_masks_path(masks: str | Path, root: Path) -> str:
    """Return where masks lie as tables and manifests keep it: seen from the images' folder.

    ``masks`` is a folder or a pattern (see `MaskFiles`), absolute or seen from there already.
    """
    text = str(masks)
    if not Path(text).is_absolute():
        return text.replace("\\", "/")
    try:
        return Path(os.path.relpath(text, root)).as_posix()
    except ValueError:
        # Another drive.
        return Path(text).as_posix()


class MaskFiles:
    """The masks that lie in a folder, or that a pattern describes, and which image each goes with.

    ``masks`` is a folder, or a name pattern such as "{name}_cp_masks.png" or
    "masks/{well}_s{site}.tif"; both are seen from ``root``, the images' folder, unless absolute. In
    a folder a mask has the name of its image (or of one of its files), at the same place below it,
    with another suffix or one of `ENDINGS` maybe; in the images' own folder it must have such an
    ending. Of a pattern, the fields that the image has, too, must be the same; {name} is the
    image's name without its suffix.

    Raises
    ------
    MasksError
        There is no such folder, or no mask in it.
    NamePatternError
        The pattern can't be understood.
    """

    def __init__(self, masks: str, root: Path) -> None:
        self._by_fields: _ByFields | None = None
        self._by_name: dict[str, list[Path]] = {}
        if "{" in masks:
            self._folder, pattern = _parted(masks, root)
            found, _ = group_files(_files_below(self._folder), pattern, self._folder)
            self._by_fields = _ByFields(found)
            self.paths = {part.path for files in found for part in files.parts}
        else:
            self._folder = (root / masks).resolve()
            among_images = self._folder == root.resolve()
            self.paths = {
                path
                for path in _files_below(self._folder)
                if not among_images or path.stem.lower().endswith(ENDINGS)
            }
            self._by_name = _by_name(self.paths, self._folder)
        if not self.paths:
            raise MasksError(
                f"There are no masks in {self._folder}"
                + (f" that are named like {masks}" if "{" in masks else "")
                + ". A mask is a TIFF or PNG file in which every object has its own number."
            )

    def given_to(self, images: Sequence[ImageFiles]) -> list[ImageFiles]:
        """Return the images with their masks; one that has none is told as not complete.

        Raises
        ------
        MasksError
            No image has a mask, or one has several, or shares it with another.
        """
        given = [self._given(image) for image in images]
        if images and not any(image.mask for image in given):
            raise MasksError(
                f"None of the {len(images)} images has a mask in {self._folder}: that of "
                f"{images[0].name} would be called {_wanted(images[0])}. Name masks like their "
                "images, or say how they are named with a pattern, such as {name}_mask.tif."
            )
        _check_own(given)
        return given

    def _given(self, image: ImageFiles) -> ImageFiles:
        if self._by_fields is not None:
            found = self._by_fields.of(image)
        else:
            found = [ImageFiles.single(path, self._folder) for path in self._named_like(image)]
        if len(found) > 1:
            raise MasksError(
                f"{image.name} has {len(found)} masks, {found[0].name} and {found[1].name}; say "
                "with a pattern which are meant, such as {name}_cp_masks.png."
            )
        if not found:
            return replace(image, missing=(*image.missing, f"a mask ({_wanted(image)})"))
        return replace(image, mask=found[0])

    def _named_like(self, image: ImageFiles) -> list[Path]:
        """Return the masks at the image's own place; if there is none there, of its name alone."""
        folder = image.name.rpartition("/")[0]
        names = {
            _stem(image.name.rsplit("/", 1)[-1]),
            *(_stem(part.path.name) for part in image.parts),
        }
        for place in dict.fromkeys([f"{folder}/" * bool(folder), ""]):
            found = {path for name in names for path in self._by_name.get(place + name, ())}
            if found:
                return sorted(found)
        return []


class _ByFields:
    """Masks by the fields of their names; all of one pattern have the same ones."""

    def __init__(self, masks: Sequence[ImageFiles]) -> None:
        self._masks = masks
        self._tables: dict[tuple[str, ...], dict[tuple[str, ...], list[ImageFiles]]] = {}

    def of(self, image: ImageFiles) -> list[ImageFiles]:
        """Return the masks that agree with an image in every field that both have."""
        known = {"name": _stem(image.name.rsplit("/", 1)[-1]), **image.fields}
        shared = tuple(sorted(known.keys() & (self._masks[0].fields if self._masks else {})))
        if not shared:
            return []
        if shared not in self._tables:
            table = self._tables[shared] = defaultdict(list)
            for mask in self._masks:
                table[_values(mask.fields, shared)].append(mask)
        return self._tables[shared].get(_values(known, shared), [])


def _values(fields: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(fields[name].casefold() for name in names)


def _parted(masks: str, root: Path) -> tuple[Path, NamePattern]:
    """Return the folder that a pattern begins in, and the pattern from there."""
    parts = PurePosixPath(masks.replace("\\", "/")).parts
    first = next(number for number, part in enumerate(parts) if "{" in part)
    return root.joinpath(*parts[:first]), NamePattern("/".join(parts[first:]))


def _files_below(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise MasksError(f"There is no folder of masks {folder}.")
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )


def _by_name(paths: Iterable[Path], folder: Path) -> dict[str, list[Path]]:
    """Return the masks by their image's name, with the folders below ``folder`` and without."""
    found: dict[str, list[Path]] = defaultdict(list)
    anywhere: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        name = _without_ending(path.relative_to(folder).as_posix())
        found[name].append(path)
        anywhere[name.rsplit("/", 1)[-1]].append(path)
    for name, of_name in anywhere.items():
        if len(of_name) == 1:
            found.setdefault(name, of_name)
    return found


def _without_ending(name: str) -> str:
    name = _stem(name)
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def _stem(name: str) -> str:
    return name.rsplit(".", 1)[0].removesuffix(OME)


def _check_own(images: Iterable[ImageFiles]) -> None:
    """Refuse a mask that would go with two images."""
    owners: dict[str, str] = {}
    for image in images:
        if image.mask is not None:
            other = owners.setdefault(image.mask.name, image.name)
            if other != image.name:
                raise MasksError(
                    f"{image.mask.name} would be the mask of {other} and of {image.name}; put "
                    "masks into sub-folders like those of the images, or say with a pattern how "
                    "they are named."
                )


def _wanted(image: ImageFiles) -> str:
    stem = _stem(image.parts[0].path.name)
    return f"{stem}.tif or {stem}{ENDINGS[0]}.tif"
