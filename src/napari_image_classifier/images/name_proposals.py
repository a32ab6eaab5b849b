"""Proposals of name patterns that fit given file names."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from napari_image_classifier.images.name_patterns import (
    PART_FIELDS,
    PRESETS,
    NamePattern,
    group_files,
)

SHARE_DESCRIBED = 0.6
PROPOSALS = 5
# Letters before a number, as microscopes write them.
_MEANINGS = {
    "channel": ("ch", "c", "w", "channel", "wavelength", "chan"),
    "z": ("z", "p", "slice", "plane", "zs"),
    "time": ("t", "time", "tp", "sk", "frame"),
    "row": ("r", "row"),
    "column": ("col", "column"),
    "site": ("s", "f", "xy", "site", "pos", "position", "field", "fov"),
}
_MEANING_OF = {word: meaning for meaning, words in _MEANINGS.items() for word in words}
_FINE = re.compile(r"\d+|[A-Za-z]+|[^A-Za-z0-9]+")
_COARSE = re.compile(r"[^_\-. ]+|[_\-. ]+")
_WELL = re.compile(r"[A-Pa-p]\d{1,2}")
_MOST_CHANNELS = 12
# A word is taken for a channel only where one of them is a dye, a protein or a contrast: else
# "control_1" and "depleted_1" would be one image.
_CHANNEL_WORD = re.compile(
    r"dapi|hoechst|dna|nucle\w*|[egyrcbm]fp|\w*gfp|\w*rfp|m?cherry|tomato|fitc|tritc|cy[357]|alexa"
    r"|actin|tubulin|mito\w*|golgi|er|bf|bright\w*|dic|phase|trans|red|green|blue|\d{3}(nm)?",
    re.IGNORECASE,
)


def propose_patterns(names: Sequence[str]) -> list[NamePattern]:
    """Return patterns that fit file names, among them those of microscopes' software (`PRESETS`).

    Only patterns that put several files together into one image are proposed.

    Parameters
    ----------
    names
        Names of files, with folders or without.

    Returns
    -------
    list of NamePattern
        At most `PROPOSALS`. First come those that describe more of the names, then those that leave
        fewer images with something missing, then those with more fields.
    """
    base_names = [name.rsplit("/", 1)[-1] for name in names]
    texts = dict.fromkeys([*_generalised(base_names), *PRESETS.values()])
    scored = [
        (*score, -place, text)
        for place, text in enumerate(texts)
        if (score := _score(NamePattern(text), names)) is not None
    ]
    return [NamePattern(text) for *_, text in sorted(scored, reverse=True)[:PROPOSALS]]


def _score(pattern: NamePattern, names: Sequence[str]) -> tuple[float, float, int] | None:
    images, unmatched = group_files([Path(name) for name in names], pattern, Path())
    n_matched = len(names) - len(unmatched)
    if n_matched < SHARE_DESCRIBED * len(names) or len(images) >= n_matched:
        return None
    if len(images) == 1 and pattern.text.startswith("{channel}."):
        # Any two files would be one image.
        return None
    whole = sum(not image.missing for image in images) / len(images)
    several = sum(part in pattern.fields for part in PART_FIELDS)
    return round(n_matched / len(names), 2), round(whole, 2), several + len(pattern.fields)


def _generalised(names: Sequence[str]) -> Iterator[str]:
    for pieces in (_FINE, _COARSE):
        split = [tuple(pieces.findall(name)) for name in names]
        kinds = Counter(map(_kind, split))
        if not kinds:
            return
        usual = kinds.most_common(1)[0][0]
        text = _pattern_of([tokens for tokens in split if _kind(tokens) == usual])
        if "{" in text:
            yield text


def _kind(tokens: Sequence[str]) -> tuple[str, ...]:
    # Names are alike when separators and numbers stand at the same places.
    return tuple(
        "0" if token.isdecimal() else "a" if token[0].isalnum() else token for token in tokens
    )


def _pattern_of(names: Sequence[Sequence[str]]) -> str:
    columns = [list(dict.fromkeys(column)) for column in zip(*names, strict=True)]
    taken: set[str] = set()
    text = ""
    index = 0
    while index < len(columns):
        values = columns[index]
        inside = index + 1 < len(columns)
        if _is_well(names, index):
            text += _field("well", taken)
            index += 2
            continue
        if len(values) == 1:
            text += values[0]
        elif values[0].isdecimal() or inside:
            text += _text_of(values, columns[index - 1] if index else [], taken, inside)
        else:
            return ""
        index += 1
    return text


def _is_well(names: Sequence[Sequence[str]], index: int) -> bool:
    if any(index + 1 >= len(name) for name in names):
        return False
    pairs = {name[index] + name[index + 1] for name in names}
    free = index == 0 or not names[0][index - 1][-1].isalnum()
    letters = {name[index] for name in names}
    # One letter for all of them could as well be the s of a site.
    return (
        free
        and len(pairs) > 1
        and all(_WELL.fullmatch(pair) for pair in pairs)
        and (len(letters) > 1 or next(iter(letters)).lower() not in _MEANING_OF)
    )


def _text_of(values: Sequence[str], before: Sequence[str], taken: set[str], inside: bool) -> str:
    if all(value.isdecimal() for value in values):
        word = before[0] if len(before) == 1 else ""
        return _field(_meaning(word, values, taken), taken)
    if all(_WELL.fullmatch(value) for value in values):
        return _field("well", taken)
    prefix = _common_prefix(values)
    remainders = [value[len(prefix) :] for value in values]
    if prefix and all(remainder.isdecimal() for remainder in remainders):
        return prefix + _field(_meaning(prefix, remainders, taken), taken)
    known = any(_CHANNEL_WORD.fullmatch(value) for value in values)
    if inside and known and len(values) <= _MOST_CHANNELS and "channel" not in taken:
        return _field("channel", taken)
    return _field("name", taken)


def _meaning(word: str, values: Sequence[str], taken: set[str]) -> str:
    meaning = _MEANING_OF.get(word.lower(), "number")
    if word.lower() == "c" and "row" in taken and "column" not in taken:
        return "column"
    return "number" if meaning == "channel" and len(values) > _MOST_CHANNELS else meaning


def _common_prefix(values: Sequence[str]) -> str:
    match = re.match(r"[A-Za-z]+", values[0])
    prefix = match.group() if match else ""
    return prefix if all(value.startswith(prefix) for value in values) else ""


def _field(meaning: str, taken: set[str]) -> str:
    name, number = meaning, 2
    while name in taken:
        name, number = f"{meaning}{number}", number + 1
    taken.add(name)
    return f"{{{name}}}"
