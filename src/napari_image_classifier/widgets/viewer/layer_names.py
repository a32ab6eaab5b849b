"""What the name of a layer says: which image it is of, and which channel."""

import re
from collections.abc import Sequence

# napari tells layers of one name apart by "[1]", "[2]"; it also names channels like that.
_NUMBERED = re.compile(r"(?P<stem>.*\S)\s*\[(?P<number>\d+)\]")
_BRACKETED = re.compile(r"(?P<base>.*?)\s*\[(?P<channel>[^\[\]]*[^\[\]\d][^\[\]]*)\]")
# ImageJ's "Split Channels" and napari's "Split Stack".
_ORDERED = re.compile(r"C\d+-(?P<imagej>.+)|(?P<napari>.+) layer \d+")


def parsed_name(name: str, wanted: Sequence[str]) -> tuple[str, str]:
    """Return the image's and the channel's name in a layer's name, "" for what is not in it."""
    numbered = _NUMBERED.fullmatch(name)
    stem = numbered["stem"] if numbered else name
    if bracketed := _BRACKETED.fullmatch(stem):
        return bracketed["base"], bracketed["channel"]
    for channel in wanted:
        if stem.casefold() == channel.casefold():
            return "", channel
        either = rf"(?P<a>.+)[\s_.:|-]+{re.escape(channel)}|{re.escape(channel)}[\s_.:|-]+(?P<b>.+)"
        if found := re.fullmatch(either, stem, re.IGNORECASE):
            return found["a"] or found["b"], channel
    if ordered := _ORDERED.fullmatch(stem):
        return ordered["imagej"] or ordered["napari"], ""
    return stem, ""
