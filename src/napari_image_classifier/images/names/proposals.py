"""Proposals of name patterns that fit given file names."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

from napari_image_classifier.images.names.patterns import NamePattern, group_files
from napari_image_classifier.images.names.presets import NAME_PRESETS, NamePreset
from napari_image_classifier.images.names.well_names import PLATES, WellError, parse_well

SHARE_DESCRIBED = 0.6
PROPOSALS = 5
# So many folders above the files are looked at, too: TimePoint_1/ZStep_1.
FOLDERS_LOOKED_AT = 2
# Whether a pattern fits at all is tried on so many names first.
TRIED_FIRST = 40
# A program is told by the file and the folder next to it.
_LAST_LETTERS = 300
# Two texts are compared letter by letter.
_LONGEST_SHAPE = 80
# Letters before a number, as microscopes write them. A "p" is the plane in the names of Operetta
# alone, whose preset knows it, and the position in those of others.
_MEANINGS = {
    "channel": ("ch", "c", "w", "channel", "wavelength", "chan"),
    "z": ("z", "slice", "plane", "zs", "zstep", "zslice", "zplane"),
    "time": ("t", "time", "tp", "sk", "frame", "timepoint"),
    "row": ("r", "row"),
    "column": ("col", "column"),
    "site": ("s", "f", "p", "xy", "site", "pos", "position", "point", "field", "fov", "fld",
             "scene", "tile", "m", "sp"),
}  # fmt: skip
_MEANING_OF = {word: meaning for meaning, words in _MEANINGS.items() for word in words}
# A number far from its word, as in ZStep_1, is told by words, not by letters.
_SHORTEST_WORD = 3
_FINE = re.compile(r"\d+|[A-Za-z]+|[^A-Za-z0-9/]+|/")
_COARSE = re.compile(r"[^_\-. /]+|[_\-. ]+|/")
_WELL = re.compile(r"[A-Pa-p]\d{1,2}")
_IN_WELL = re.compile(r"\.[a-d][1-4]")
_MOST_CHANNELS = 12
_WAVELENGTH = re.compile(r"[3-8]\d\d")
# A word is taken for a channel only where one of them is a dye, a protein or a contrast: else
# "control_1" and "depleted_1" would be one image. Folders are classes more often: of these all
# must be, and none an organelle.
_DYE_OR_CONTRAST = (
    r"dapi|hoechst|dna|[egyrcbm]fp|\w*gfp|\w*rfp|m?cherry|tomato|fitc|tritc|cy[357]|alexa"
    r"|bf|bright\w*|dic|\d{3}(nm)?"
)
_DYE = re.compile(rf"{_DYE_OR_CONTRAST}|(ch?|w)\d+", re.IGNORECASE)
_CHANNEL_WORD = re.compile(
    rf"{_DYE_OR_CONTRAST}|nucle\w*|actin|tubulin|mito\w*|golgi|er|phase\w*|trans|red|green|blue",
    re.IGNORECASE,
)
# What numbers mean that no letter explains, or a word that is no channel.
_UNEXPLAINED = ("number", "name")
# Fields for which a folder is part of a pattern; names of folders may also be classes.
_WORTH_A_FOLDER = ("channel", "z", "time", "well", "site")
# Fields that say more of an image than what it is called.
_TELLING = ("channel", "z", "time", "plate", "well", "row", "column", "site")


def propose_patterns(names: Sequence[str]) -> list[NamePattern]:
    """Return patterns that fit file names, among them those of microscopes' software (`PRESETS`).

    Only patterns that put several files together into one image are proposed. Planes and time
    points are what names call so; numbers that could be positions stay images of their own.

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
    presets = [preset.pattern for preset in NAME_PRESETS if _is_for(preset, names)]
    texts = dict.fromkeys([*presets, *_generalised(names)])
    scored = [
        (*score, -place, text)
        for place, text in enumerate(texts)
        if (score := _score(NamePattern(text), names)) is not None
    ]
    return [NamePattern(text) for *_, text in sorted(scored, reverse=True)[:PROPOSALS]]


def nearest_preset(names: Sequence[str]) -> NamePreset:
    """Return the preset that describes most of the names, or whose examples look most like them.

    Parameters
    ----------
    names
        Names of files, with folders or without; at least one.

    Returns
    -------
    NamePreset
        The first of `NAME_PRESETS` of those that are equally near.
    """
    some = _some(names)
    shapes = [_shape(name.rsplit("/", 1)[-1]) for name in some[:5]]

    def nearness(preset: NamePreset) -> tuple[int, float]:
        pattern = NamePattern(preset.pattern)
        alike = [
            SequenceMatcher(None, shape, _shape(example.rsplit("/", 1)[-1])).ratio()
            for shape in shapes
            for example in preset.examples
        ]
        return sum(pattern.match(name) is not None for name in some), max(alike)

    return max(NAME_PRESETS, key=nearness)


def unexplained_numbers(names: Sequence[str]) -> set[str]:
    """Return numbers in names that could be sites, planes or time points.

    These are numbers without a letter that explains them, or after a "p", which is the position in
    the names of some microscopes and the plane in those of others, where they repeat: in all wells,
    in all channels, or with all other such numbers.

    Parameters
    ----------
    names
        Names of files, with folders or without.

    Returns
    -------
    set of str
        The numbers as names have them; none where nothing is open.
    """
    split = [tuple(_FINE.findall(name.rsplit("/", 1)[-1])) for name in names]
    kinds = Counter(map(_kind, split))
    if not kinds:
        return set()
    usual = kinds.most_common(1)[0][0]
    alike = [tokens for tokens in split if _kind(tokens) == usual]
    pieces = [piece for piece in _pieces_of(alike) if piece.field]
    n_bare = sum(piece.field.startswith("number") for piece in pieces)
    if n_bare < 2 and not any(piece.field in ("well", "row", "channel") for piece in pieces):
        # A single row of numbers: images of their own.
        return set()
    for i, piece in enumerate(pieces):
        open_to_question = piece.field.startswith("number") or (
            piece.field == "site" and alike[0][piece.column - 1].lower() == "p"
        )
        if open_to_question and _repeats(alike, piece, [*pieces[:i], *pieces[i + 1 :]]):
            return {name[piece.column] for name in alike}
    return set()


def _repeats(names: Sequence[Sequence[str]], piece: "_Piece", others: Sequence["_Piece"]) -> bool:
    """Return whether what is without a piece of their names is there with most of its texts."""
    texts = {name[piece.column] for name in names}
    rest = {
        tuple(name[index] for other in others for index in (other.column, other.column + 1))
        for name in names
    }
    return len(texts) > 1 and len(rest) > 1 and len(names) > 0.8 * len(texts) * len(rest)


def _shape(name: str) -> str:
    return re.sub(r"\d+", "0", name.lower())[:_LONGEST_SHAPE]


def _some(names: Sequence[str]) -> Sequence[str]:
    return names[:: -(-len(names) // TRIED_FIRST) or 1]


def _is_for(preset: NamePreset, names: Sequence[str]) -> bool:
    return not preset.proposed_for or any(
        re.search(preset.proposed_for, name[-_LAST_LETTERS:], re.IGNORECASE)
        for name in _some(names)
    )


def _score(pattern: NamePattern, names: Sequence[str]) -> tuple[float, float, int] | None:
    some = _some(names)
    if sum(pattern.match(name) is not None for name in some) < SHARE_DESCRIBED / 2 * len(some):
        return None
    images, unmatched = group_files([Path(name) for name in names], pattern, Path())
    n_matched = len(names) - len(unmatched)
    if n_matched < SHARE_DESCRIBED * len(names) or len(images) >= n_matched:
        return None
    if any(image.clashing for image in images) or not _has_wells(images[0].fields):
        return None
    if len(images) == 1 and pattern.text.startswith("{channel}."):
        # Any two files would be one image.
        return None
    whole = sum(not image.missing for image in images) / len(images)
    told = len(pattern.part_fields) + sum(name in _TELLING for name in pattern.fields)
    # The more a channel's text holds, the less the pattern says: 1_ORG, where ORG is in all names.
    told -= any("_" in (part.channel or "") for part in images[0].parts)
    return round(n_matched / len(names), 2), round(whole, 2), told


def _has_wells(fields: Mapping[str, str]) -> bool:
    """Return whether the text in the place of a well is one; the s1 of a site is none."""
    if "well" not in fields:
        return True
    try:
        parse_well(fields["well"])
    except WellError:
        return False
    letters = fields["well"].rstrip("0123456789")
    return not letters.islower() or letters not in _MEANING_OF


def _generalised(names: Sequence[str]) -> Iterator[str]:
    # A brace in a name can't be told from one of a field.
    names = [name for name in names if "{" not in name and "}" not in name]
    depth = min((name.count("/") for name in names), default=0)
    for folders in range(min(depth, FOLDERS_LOOKED_AT) + 1):
        tails = ["/".join(name.split("/")[-1 - folders :]) for name in names]
        for pieces in (_FINE, _COARSE):
            split = [tuple(pieces.findall(tail)) for tail in tails]
            kinds = Counter(map(_kind, split))
            if not kinds:
                return
            usual = kinds.most_common(1)[0][0]
            text = _pattern_of([tokens for tokens in split if _kind(tokens) == usual])
            outermost = text.split("/")[0] if folders else text
            if any(f"{{{name}}}" in outermost for name in _WORTH_A_FOLDER) or (
                "{" in text and not folders
            ):
                yield text


def _kind(tokens: Sequence[str]) -> tuple[str, ...]:
    # Names are alike when separators and numbers stand at the same places.
    return tuple(
        "0" if token.isdecimal() else "a" if token[0].isalnum() else token for token in tokens
    )


@dataclass
class _Piece:
    """A column of tokens as it stands in a pattern: text, or a field and what is before it."""

    text: str
    column: int
    field: str = ""

    def __str__(self) -> str:
        return f"{self.text}{{{self.field}}}" if self.field else self.text


def _pattern_of(names: Sequence[Sequence[str]]) -> str:
    return "".join(map(str, _with_changes_together(_pieces_of(names), names)))


def _pieces_of(names: Sequence[Sequence[str]]) -> list[_Piece]:
    """Return the pieces of the pattern of names whose tokens stand at the same places."""
    columns = [list(dict.fromkeys(column)) for column in zip(*names, strict=True)]
    last_folder = max((i for i, values in enumerate(columns) if values == ["/"]), default=-1)
    taken: set[str] = set()
    pieces: list[_Piece] = []
    index = 0
    while index < len(columns):
        values = columns[index]
        inside = index + 1 < len(columns)
        if n_tokens := _tokens_of_well(names, index):
            pieces.append(_Piece("", index, _free("well", taken)))
            index += n_tokens
            continue
        if _is_row(columns, index):
            pieces += [_Piece("", index, _free("row", taken)), _Piece(columns[index + 1][0], index)]
            pieces.append(_Piece("", index + 2, _free("column", taken)))
            index += 3
            continue
        if len(values) == 1:
            pieces.append(_Piece(values[0], index))
        elif values[0].isdecimal() or inside:
            text, field = _field_of(
                values, _word_before(columns, index), taken, inside, index < last_folder
            )
            pieces.append(_Piece(text, index, _free(field, taken)))
        else:
            return []
        index += 1
    return pieces


def _tokens_of_well(names: Sequence[Sequence[str]], index: int) -> int:
    """Return how many tokens from ``index`` are a well: A, 01; A, " - ", 01; A, 01, ., a, 1."""
    first = names[0]
    step = 2 if len(first) > index + 2 and first[index + 1] == " - " else 1
    if index + step >= len(first) or any(name[index + 1 : index + step] != first[index + 1 :
            index + step] for name in names):  # fmt: skip
        return 0
    pairs = {name[index] + name[index + step] for name in names}
    free = index == 0 or not first[index - 1][-1].isalnum()
    letters = {name[index] for name in names}
    # One letter for all of them could as well be the s of a site.
    if not (
        free
        and len(pairs) > 1
        and all(_WELL.fullmatch(pair) for pair in pairs)
        and (step == 2 or len(letters) > 1 or next(iter(letters)).lower() not in _MEANING_OF)
    ):
        return 0
    nested = all(_IN_WELL.fullmatch("".join(name[index + 2 : index + 5])) for name in names)
    return 5 if step == 1 and nested else step + 1


def _is_row(columns: Sequence[Sequence[str]], index: int) -> bool:
    """Return whether rows and columns of a plate stand apart, as in B_03."""
    if index + 2 >= len(columns) or (index and columns[index - 1][0][-1].isalnum()):
        return False
    rows, between, numbers = columns[index : index + 3]
    return (
        len(rows) > 1
        and all(re.fullmatch("[A-P]", row) for row in rows)
        and len(between) == 1
        and between[0] in ("_", "-")
        and all(number.isdecimal() and 0 < int(number) <= PLATES[-1][1] for number in numbers)
    )


def _word_before(columns: Sequence[Sequence[str]], index: int) -> str:
    """Return the word that says what a number is: the letters before it, or a word further off."""
    if index == 0 or len(columns[index - 1]) > 1:
        return ""
    before = columns[index - 1][0]
    if before[0].isalnum():
        return before
    far = columns[index - 2][0] if index > 1 and len(columns[index - 2]) == 1 else ""
    return far if before != "/" and len(far) >= _SHORTEST_WORD and far.isalpha() else ""


def _field_of(
    values: Sequence[str], word: str, taken: set[str], inside: bool, in_folder: bool
) -> tuple[str, str]:
    """Return the text before the field that stands for these values, and what it is called."""
    if all(value.isdecimal() for value in values):
        return "", _meaning(word, values, taken)
    if all(_WELL.fullmatch(value) for value in values):
        return "", "well"
    prefix = _common_prefix(values)
    remainders = [value[len(prefix) :] for value in values]
    if prefix and all(remainder.isdecimal() for remainder in remainders):
        return prefix, _meaning(prefix, remainders, taken)
    is_channel, enough = (_DYE.fullmatch, all) if in_folder else (_CHANNEL_WORD.fullmatch, any)
    known = enough(is_channel(value) for value in values)
    if inside and known and len(values) <= _MOST_CHANNELS and "channel" not in taken:
        return "", "channel"
    return "", "name"


def _meaning(word: str, values: Sequence[str], taken: set[str]) -> str:
    meaning = _MEANING_OF.get(word.lower(), "number")
    if word.lower() == "c" and "row" in taken and "column" not in taken:
        return "column"
    return "number" if meaning == "channel" and len(values) > _MOST_CHANNELS else meaning


def _common_prefix(values: Sequence[str]) -> str:
    match = re.match(r"[A-Za-z]+", values[0])
    prefix = match.group() if match else ""
    return prefix if all(value.startswith(prefix) for value in values) else ""


def _free(meaning: str, taken: set[str]) -> str:
    name, number = meaning, 2
    while name in taken:
        name, number = f"{meaning}{number}", number + 1
    taken.add(name)
    return name


def _with_changes_together(
    pieces: Sequence[_Piece], names: Sequence[Sequence[str]]
) -> Sequence[_Piece]:
    """Return the pieces of a pattern with what changes with the channel alone made part of it.

    In A01…C01, A02…C02 the first number says nothing that the second does not, and is ignored; in
    w1CSU_405, w2CSU_488 the channel is all from its number to its name.
    """
    at = next((i for i, piece in enumerate(pieces) if piece.field == "channel"), None)
    if at is None or min(Counter(name[pieces[at].column] for name in names).values()) < 2:
        return pieces
    channel = pieces[at].column
    together = [_changes_with(piece, channel, names) for piece in pieces]
    end = at
    counts = all(name[channel].isdecimal() for name in names)
    for i in range(at + 1, len(pieces) if counts else 0):
        if together[i] and not _counts(pieces[i], names):
            end = i
        elif pieces[i].field:
            break
    ignored = {i for i in range(end + 1, len(pieces)) if together[i]}
    ignored |= {i for i in range(at) if together[i] and _may_be_ignored(pieces[i:at])}
    named = [i for i in ignored if counts and end == at and _names_channels(pieces[i], names)]
    if named:
        # w1_s1_DAPI: the number says less than the name.
        ignored = ignored - {named[0]} | {at}
    fields = dict.fromkeys(ignored, "*") | dict.fromkeys(named[:1], "channel")
    return [
        replace(piece, field=fields.get(i, piece.field))
        for i, piece in enumerate(pieces)
        if not at < i <= end
    ]


def _changes_with(piece: _Piece, channel: int, names: Sequence[Sequence[str]]) -> bool:
    """Return whether a field that may be ignored has another text for each channel, and only so."""
    texts = [name[piece.column] for name in names]
    if piece.field == "well" and len(set(texts)) == 1:
        # A01 and A02 that have a channel each are no wells.
        texts = [name[piece.column + 1] for name in names]
    elif piece.field.rstrip("0123456789") not in _UNEXPLAINED:
        return False
    pairs = {(name[channel], text) for name, text in zip(names, texts, strict=True)}
    return len(pairs) == len({name[channel] for name in names}) == len(set(texts))


def _counts(piece: _Piece, names: Sequence[Sequence[str]]) -> bool:
    """Return whether a field only counts; 405 and 488 are wavelengths."""
    return all(
        name[piece.column].isdecimal() and not _WAVELENGTH.fullmatch(name[piece.column])
        for name in names
    )


def _names_channels(piece: _Piece, names: Sequence[Sequence[str]]) -> bool:
    return any(_CHANNEL_WORD.fullmatch(name[piece.column]) for name in names)


def _may_be_ignored(between: Sequence[_Piece]) -> bool:
    """Return whether a piece before the channel may be ignored: a bare number, or close to it."""
    numbered = between[0].field.startswith(("number", "well")) and not between[0].text
    return numbered and not any("/" in piece.text for piece in between)
