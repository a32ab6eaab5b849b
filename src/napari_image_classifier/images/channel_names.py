"""Names of channels: which texts name one, and which only count or say where a plane comes from."""

import re
import unicodedata
from collections.abc import Sequence

_LONGEST_NAME = 60
# "2", "ch01" or "Channel:0:1": a number, with or without a word that says of what.
_NUMBERED = re.compile(
    r"(?P<word>(?:channel|chan|ch|c|w|band|image|page|slice|plane|frame|z|t)?[ :_#-]*"
    r"(?:\d{1,9}[:_ ])*)(?P<number>\d{1,9})",
    re.IGNORECASE,
)
_SUFFIXES = (
    "tiff?|png|jpe?g|bmp|gif|czi|lif|lei|nd2|nd|lsm|stk|oib|oif|oir|vsi|zvi|ims|dv|r3d|ics|ids|avi|"
    "dcm|dicom|raw|mrc|svs|ndpi|scn|flex|sld|mvd2|ipl|h5|hdf5|zarr|qptiff|vms|mcd|txt"
)
# A file, a folder or a place in a stack is not the name of a channel.
_NO_NAME = re.compile(
    rf"\.(?:{_SUFFIXES})\b|^[czt]:\s?\d|^c\d+-|^[/~.]|^[a-z]:/|[\\;\n]", re.IGNORECASE
)
_PLACE_OF_SEVERAL = re.compile(r"(?<!\d)(\d{1,9})/(\d{1,9})(?!\d)")


def are_names(texts: Sequence[str]) -> tuple[bool, ...]:
    """Return of each channel's text whether it is a name.

    Numbers that count up from 0 or 1 without a gap are none; 405 and 488 are names.

    Parameters
    ----------
    texts
        What the channels are called, in their order; "" where nothing is known.

    Returns
    -------
    tuple of bool
        As long as ``texts``.
    """
    matches = list(map(_NUMBERED.fullmatch, texts))
    numbered = {place: match for place, match in enumerate(matches) if match}
    starts = {int(match["number"]) - place for place, match in numbered.items()}
    words = {match["word"].casefold() for match in numbered.values()}
    counting = len(words) == 1 and starts in ({0}, {1})
    return tuple(
        bool(text) and not (counting and place in numbered) for place, text in enumerate(texts)
    )


def numbered_name(place: int) -> str:
    """Return what a channel without a name is called.

    Parameters
    ----------
    place
        Its index, from 0.

    Returns
    -------
    str
        "Channel 1" for the first.
    """
    return f"Channel {place + 1}"


def spelled_alike(name: str) -> str:
    """Return a name in the form in which names are compared.

    Parameters
    ----------
    name
        Of a channel.

    Returns
    -------
    str
        Equal for names that differ only in case, blanks or the way Unicode writes a letter.
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def names_among(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the names of channels among the labels of their planes.

    Parameters
    ----------
    texts
        The label of one plane of each channel, in the order of the channels.

    Returns
    -------
    tuple of str
        One for each channel, "" where its label names a file or a place in the stack; empty where
        no label names a channel, or two have the same name.
    """
    texts = [text.strip() for text in texts]
    if _say_places(texts):
        return ()
    names = [text if _may_be_name(text) else "" for text in texts]
    told = [spelled_alike(name) for name in names if name]
    return tuple(names) if told and len(set(told)) == len(told) else ()


def _may_be_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_NAME and not _NO_NAME.search(text)


def _say_places(texts: Sequence[str]) -> bool:
    """Return whether labels say "1/2" and "2/2", as no filter band goes up with the channels."""
    found = list(map(_PLACE_OF_SEVERAL.search, texts))
    return all(
        match is not None and int(match[1]) == place and int(match[2]) >= len(texts)
        for place, match in enumerate(found, start=1)
    )
