"""Matching of an image's channels to those of a classifier: as a person said, by name, by order."""

from collections.abc import Mapping, Sequence

from napari_image_classifier.errors import Fault, ImageClassifierError
from napari_image_classifier.images.channel_names import are_names, numbered_name, spelled_alike
from napari_image_classifier.wording import counted, quoted

# What the images call the channels of a classifier, by its names for them.
ChannelMap = Mapping[str, str]
NOTHING_SAID: ChannelMap = {}


class ChannelMismatchError(ImageClassifierError):
    """The image does not have the channels that the classifier was trained on."""

    code = Fault.NO_CHANNEL


def match_channels(
    expected: Sequence[str],
    expected_named: bool,
    available: Sequence[str],
    available_named: bool,
    channel_map: ChannelMap = NOTHING_SAID,
) -> tuple[int, ...]:
    """Return the index of each expected channel among the channels of an image.

    What a person said counts first. Else channels are matched by name, and upper and lower case are
    the same. Only where the image has no names at all they are matched by order, and then their
    numbers must be equal; a single channel is always the one. A name that is expected several times
    is one channel, seen several times, where the image has one of it.

    Parameters
    ----------
    expected
        Names of the channels that the classifier was trained on, in its order.
    expected_named
        Whether these are names, not mere numbers.
    available
        Names of the image's channels, in the order of its axis C.
    available_named
        Whether there are names among these, not mere numbers alone.
    channel_map
        What images call channels of the classifier, by the classifier's names; "Channel 2" or 2 is
        the second one where that has no name of its own. What this image lacks has no meaning for
        it.

    Returns
    -------
    tuple of int
        As long as ``expected``; each counts from 0 along the image's axis C.

    Raises
    ------
    ChannelMismatchError
        A channel is missing, or two have its name, or there are no names and the numbers of
        channels differ.
    """
    wanted, found = list(map(spelled_alike, expected)), list(map(spelled_alike, available))
    nameless = _nameless(available, found)
    called = {
        spelled_alike(name): _places(spelled_alike(text), found) or _numbered(text, nameless)
        for name, text in channel_map.items()
    }
    said = {name: places for name, places in called.items() if name in wanted and places}
    if not said and not available_named:
        return _by_order(expected, available)
    if not said and wanted == found:
        return tuple(range(len(wanted)))
    taken = {places[0] for places in said.values()}
    by_name = {name: [at for at in _places(name, found) if at not in taken] for name in wanted}
    places = [said.get(name, by_name[name]) for name in wanted]
    missing = [name for name, of_name in zip(expected, places, strict=True) if not of_name]
    if missing and not expected_named and len(set(wanted)) == len(available) == 1:
        return (0,) * len(expected)
    if missing:
        raise ChannelMismatchError(_why_missing(missing, expected_named, available, channel_map))
    for name, of_name in zip(expected, places, strict=True):
        if len(of_name) > 1:
            raise ChannelMismatchError(
                f"The image has {len(of_name)} channels called “{available[of_name[0]]}”, so "
                f"nobody knows which is meant. Say it by its number, such as "
                f"{name}={numbered_name(of_name[0])}."
            )
    return tuple(of_name[0] for of_name in places)


def _by_order(expected: Sequence[str], available: Sequence[str]) -> tuple[int, ...]:
    places = {name: index for index, name in enumerate(dict.fromkeys(expected))}
    if len(places) != len(available):
        grey = (
            " A network that was imported with one channel name several times, such as grey, grey, "
            "grey, sees a grey image in all of them."
        )
        raise ChannelMismatchError(
            f"The image has {counted(len(available), 'channel')} without names that match "
            f"and the classifier expects {len(places)} ({quoted(places)}). "
            "Choose the channels by hand, or give files with the same channels."
            f"{grey if len(available) == 1 else ''}"
        )
    return tuple(places[name] for name in expected)


def _places(name: str, found: Sequence[str]) -> list[int]:
    return [place for place, other in enumerate(found) if other == name]


def _nameless(available: Sequence[str], found: Sequence[str]) -> list[int]:
    """Return where there is a channel that has no name, or shares it with another."""
    named = are_names(available)
    return [at for at, name in enumerate(found) if not named[at] or found.count(name) > 1]


def _numbered(called: str, places: Sequence[int]) -> list[int]:
    numbers = {str(at + 1): at for at in places}
    numbers |= {spelled_alike(numbered_name(at)): at for at in places}
    name = spelled_alike(called)
    return [numbers[name]] if name in numbers else []


def _why_missing(
    missing: Sequence[str], named: bool, available: Sequence[str], channel_map: ChannelMap
) -> str:
    also = [channel_map[name] for name in missing if name in channel_map]
    if not named:
        return (
            f"The channels that the classifier learnt from have no names ({quoted(missing)} is "
            f"missing), and those of the image have some: {quoted(available)}. Say which of them "
            f"is which ({missing[0]}=…), for they may stand in another order."
        )
    return (
        f"The image has no channel {quoted(missing)}{f' or {quoted(also)}' if also else ''}: it "
        f"has {quoted(available)}. Name its channels as the classifier expects, or say which of "
        f"them is which ({missing[0]}=…)."
    )


def check_channel_map(expected: Sequence[str], channel_map: ChannelMap) -> None:
    """Refuse a map of channels that the classifier does not have.

    Parameters
    ----------
    expected
        Names of the classifier's channels.
    channel_map
        As in `match_channels`.

    Raises
    ------
    ChannelMismatchError
        There is no such channel, or nothing said of one.
    """
    known = set(map(spelled_alike, expected))
    unknown = [name for name in channel_map if spelled_alike(name) not in known]
    if unknown:
        raise ChannelMismatchError(
            f"The classifier has no channel {quoted(unknown)}: it has {quoted(expected)}. In "
            f"{unknown[0]}={channel_map[unknown[0]]}, the classifier's name stands first and then "
            "what the images call it."
        )
    empty = [name for name, called in channel_map.items() if not called.strip()]
    if empty:
        raise ChannelMismatchError(f"What is channel {quoted(empty)} called in the images?")


def split_pairs(texts: Sequence[str]) -> tuple[tuple[str, ...], ChannelMap]:
    """Return channels and their map, of texts such as "DNA=405" or "GFP".

    Parameters
    ----------
    texts
        A channel each: its name, or what it is to be called and, behind "=", its name in the
        images.

    Returns
    -------
    tuple of tuple of str and mapping of str to str
        The names on the left, and the pairs by these.
    """
    parted = [[part.strip() for part in text.split("=", 1)] for text in texts]
    pairs = {part[0]: part[1] for part in parted if len(part) == 2 and all(part)}
    names = tuple(
        part[0] if part[0] in pairs else text for part, text in zip(parted, texts, strict=True)
    )
    return names, pairs
