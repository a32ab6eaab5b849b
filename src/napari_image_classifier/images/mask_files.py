"""Mask files, and the image that each belongs to.

A mask has its image's name, with an ending such as ``_masks`` maybe, or a name that a pattern
describes.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.names.patterns import ImageFiles, NamePattern, group_files

# What Cellpose, CellProfiler, StarDist and people put behind the name of the image.
ENDINGS = ("_cp_masks", "_masks", "_mask", "_labels", "_label", "_objects", "_seg")
OME = ".ome"
FilesBelow = Callable[[Path], Iterable[Path]]


class MasksError(ImageClassifierError):
    """Masks that are not there, or that can't be told apart."""


def stored_masks_path(masks: str | Path, root: Path) -> str:
    """Return where masks lie in the way that tables and manifests store it.

    Parameters
    ----------
    masks
        A folder or a pattern (see `MaskFiles`), absolute or relative to ``root``.
    root
        The images' folder.

    Returns
    -------
    str
        ``masks`` relative to ``root``, with "/"; absolute where it lies on another drive.
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
    """The masks that lie in a folder, or that a pattern describes.

    In a folder a mask has the name of its image (or of one of its files), at the same place below
    it, with another suffix or one of `ENDINGS` maybe; in the images' own folder it must have such
    an ending. Of a pattern, the fields that the image has, too, must be the same.

    Parameters
    ----------
    masks
        A folder, or a name pattern such as "{name}_cp_masks.png" or "masks/{well}_s{site}.tif", in
        which {name} is the image's name without its suffix. Relative to ``root`` unless absolute.
    root
        The images' folder.
    files_below
        Returns the files of images below a folder, as images are looked for.
    split
        Whether the connected parts of masks are the objects, whatever their numbers.

    Attributes
    ----------
    paths : set of Path
        All files that are masks.

    Raises
    ------
    MasksError
        There is no such folder, it can't be opened, or no mask is in it.
    NamePatternError
        The pattern can't be understood.
    """

    def __init__(
        self, masks: str, root: Path, files_below: FilesBelow, *, split: bool = False
    ) -> None:
        self._split = split
        self._by_fields: _ByFields | None = None
        self._by_name: dict[str, list[Path]] = {}
        if "{" in masks:
            self._folder, pattern = _split_pattern(masks, root)
            described, _ = group_files(_files(self._folder, files_below), pattern, self._folder)
            self._by_fields = _ByFields(described)
            self.paths = {part.path for files in described for part in files.parts}
        else:
            self._folder = (root / masks).resolve()
            among_images = self._folder == root.resolve()
            self.paths = {
                path
                for path in _files(self._folder, files_below)
                if not among_images or path.stem.lower().endswith(ENDINGS)
            }
            self._by_name = _by_name(self.paths, self._folder)
        if not self.paths:
            raise MasksError(
                f"There are no masks in {self._folder}"
                + (f" that are named like {masks}" if "{" in masks else "")
                + ". A mask is a TIFF or PNG file in which every object has its own number."
            )

    def assign(self, images: Sequence[ImageFiles]) -> list[ImageFiles]:
        """Return the images with their masks; one that has none counts as incomplete.

        Parameters
        ----------
        images
            Images of the folder that the masks were looked for from.

        Returns
        -------
        list of ImageFiles
            In the same order, each with ``mask``, or with a mask under ``missing``.

        Raises
        ------
        MasksError
            No image has a mask, or one has several, or shares it with another.
        """
        assigned = [self._with_mask(image) for image in images]
        if images and not any(image.mask for image in assigned):
            raise MasksError(
                f"None of the {len(images)} images has a mask in {self._folder}: that of "
                f"{images[0].name} would be called {_expected_name(images[0])}. Name masks like "
                "their images, or say how they are named with a pattern, such as {name}_mask.tif."
            )
        _check_unshared(assigned)
        return assigned

    def _with_mask(self, image: ImageFiles) -> ImageFiles:
        if self._by_fields is not None:
            masks = self._by_fields.of(image)
        else:
            masks = [ImageFiles.single(path, self._folder) for path in self._named_like(image)]
        if len(masks) > 1:
            raise MasksError(
                f"{image.name} has {len(masks)} masks, {masks[0].name} and {masks[1].name}; say "
                "with a pattern which are meant, such as {name}_cp_masks.png."
            )
        if not masks:
            return replace(image, missing=(*image.missing, f"a mask ({_expected_name(image)})"))
        return replace(image, mask=replace(masks[0], split=self._split))

    def _named_like(self, image: ImageFiles) -> list[Path]:
        """Return the masks at the image's own place; if there is none there, of its name alone."""
        folder = image.name.rpartition("/")[0]
        names = {
            _stem(image.name.rsplit("/", 1)[-1]),
            *(_stem(part.path.name) for part in image.parts),
        }
        for place in dict.fromkeys([f"{folder}/" * bool(folder), ""]):
            paths = {path for name in names for path in self._by_name.get(place + name, ())}
            if paths:
                return sorted(paths)
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


def _split_pattern(masks: str, root: Path) -> tuple[Path, NamePattern]:
    """Return the folder that a pattern begins in, and the pattern from there."""
    parts = PurePosixPath(masks.replace("\\", "/")).parts
    first = next(number for number, part in enumerate(parts) if "{" in part)
    return root.joinpath(*parts[:first]), NamePattern("/".join(parts[first:]))


def _files(folder: Path, files_below: FilesBelow) -> list[Path]:
    if not folder.is_dir():
        raise MasksError(f"There is no folder of masks {folder}.")
    try:
        return sorted(files_below(folder))
    except OSError as error:
        raise MasksError(
            f"The folder of masks {folder} can't be opened ({error.strerror}); ask its owner "
            "for the right to read it."
        ) from error


def _by_name(paths: Iterable[Path], folder: Path) -> dict[str, list[Path]]:
    """Return the masks by their image's name, below ``folder`` and, if unique, without folders."""
    by_path: dict[str, list[Path]] = defaultdict(list)
    by_base_name: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        name = _without_ending(path.relative_to(folder).as_posix())
        by_path[name].append(path)
        by_base_name[name.rsplit("/", 1)[-1]].append(path)
    for name, masks in by_base_name.items():
        if len(masks) == 1:
            by_path.setdefault(name, masks)
    return by_path


def _without_ending(name: str) -> str:
    name = _stem(name)
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def _stem(name: str) -> str:
    return name.rsplit(".", 1)[0].removesuffix(OME)


def _check_unshared(images: Iterable[ImageFiles]) -> None:
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


def _expected_name(image: ImageFiles) -> str:
    stem = _stem(image.parts[0].path.name)
    return f"{stem}.tif or {stem}{ENDINGS[0]}.tif"
