"""One image from several files: one per channel, plane or time point."""

from pathlib import Path

from napari_image_classifier.image_source import (
    AXES,
    AnyArray,
    ChannelDisplay,
    ImageReadError,
    ImageSource,
)
from napari_image_classifier.naming import FilePart, ImageFiles, number_first


def joined(files: ImageFiles, sources: list[ImageSource]) -> ImageSource:
    """Return the image that the open ``sources`` of ``files`` make together.

    Raises
    ------
    ImageReadError
        Files differ in shape or type, or hold an axis themselves that their names count.
    """
    first = sources[0]
    counted = {
        "C": _values(files.parts, "channel"),
        "Z": _values(files.parts, "z"),
        "T": _values(files.parts, "time"),
    }
    _check(files, sources, {axis for axis, values in counted.items() if values})
    places = {
        tuple(
            values.index(text) if values else 0
            for values, text in zip(
                (counted["T"], counted["C"], counted["Z"]),
                (part.time, part.channel, part.z),
                strict=True,
            )
        ): source
        for part, source in zip(files.parts, sources, strict=True)
    }
    lengths = {
        axis: len(counted.get(axis, ())) or first.length(axis)
        for axis in AXES
        if counted.get(axis) or axis in first.axes
    }

    def read(time: int, channel: int, z: int) -> AnyArray:
        outside = {"T": time, "C": channel, "Z": z}
        key = tuple(outside[axis] if counted[axis] else 0 for axis in "TCZ")
        inside = [0 if counted[axis] else outside[axis] for axis in "TCZ"]
        return places[key].read(*inside)

    def close() -> None:
        for source in sources:
            source.close()

    return ImageSource(
        "".join(lengths),
        tuple(lengths.values()),
        first.dtype,
        read,
        close,
        channel_names=tuple(counted["C"]) or first.channel_names,
        is_rgb=first.is_rgb,
        pixel_size=first.pixel_size,
        metadata=first.metadata,
        assumptions=tuple(dict.fromkeys(said for one in sources for said in one.assumptions)),
        display=_display(places, counted["C"]) if counted["C"] else first.display,
    )


def _display(
    places: dict[tuple[int, ...], ImageSource], channels: list[str]
) -> tuple[ChannelDisplay, ...]:
    shown = [places[0, channel, 0].display for channel in range(len(channels))]
    return tuple(one[0] if one else ChannelDisplay() for one in shown)


def _values(parts: tuple[FilePart, ...], name: str) -> list[str]:
    found = {getattr(part, name) for part in parts} - {None}
    return sorted(found, key=number_first)


def _check(files: ImageFiles, sources: list[ImageSource], counted: set[str]) -> None:
    words = {"C": ("channels", "channel"), "Z": ("planes", "z"), "T": ("time points", "time")}
    first = sources[0]
    for part, source in zip(files.parts, sources, strict=True):
        for axis in counted:
            if source.length(axis) > 1:
                what, name = words[axis]
                raise ImageReadError(
                    part.path,
                    f"{part.path.name} has {source.length(axis)} {what} itself, while the name "
                    f"pattern says that each file is one {{{name}}}; leave {{{name}}} out of it.",
                )
        if (source.axes, source.shape, source.dtype) != (first.axes, first.shape, first.dtype):
            raise ImageReadError(
                part.path,
                f"{part.path.name} ({_kind(source)}) and {files.parts[0].path.name} "
                f"({_kind(first)}) can't be one image: their shapes or types differ.",
            )


def _kind(source: ImageSource) -> str:
    return f"{source.axes} {' × '.join(map(str, source.shape))}, {source.dtype}"


def check_complete(files: ImageFiles) -> Path:
    """Refuse an image of which files are missing; return the path of its first file.

    Raises
    ------
    ImageReadError
        Files are missing; the sentence names them.
    """
    path = files.parts[0].path
    if files.missing:
        shown = "; ".join(files.missing[:5])
        more = f"; and {len(files.missing) - 5} more" if len(files.missing) > 5 else ""
        raise ImageReadError(
            path, f"{files.name} is not complete: other images have {shown}{more}."
        )
    return path
