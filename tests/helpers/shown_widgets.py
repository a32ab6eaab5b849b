"""A look through all widgets for texts that Qt takes for more than texts."""

import re

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLabel, QListView, QWidget

from hostile.texts import acts

# The tags of our own.
OWN = re.compile(r'</?(b|p|qt|br)>|<span style="color:#[0-9a-f]{6}">|</span>', re.IGNORECASE)
SHOWN, TIP = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole


def assert_plain(widget: QWidget) -> int:
    """Look at a widget and all in it; return how many texts there are."""
    seen = 0
    for one in (widget, *widget.findChildren(QWidget)):
        tips = [one.toolTip()]
        texts = []
        if isinstance(one, QLabel):
            texts.append(one.text())
            assert one.textFormat() != Qt.TextFormat.AutoText or not _is_html(one.text())
            if one.textFormat() == Qt.TextFormat.RichText:
                assert "<" not in OWN.sub("", one.text()), one.text()
        elif isinstance(one, QAbstractButton):
            texts.append(one.text())
            assert "&" not in one.text().replace("&&", ""), one.text()
        elif isinstance(one, QComboBox):
            texts += [one.itemText(place) for place in range(one.count())]
        elif isinstance(one, QAbstractItemView) and one.model() is not None:
            model = one.model()
            n_columns = 1 if isinstance(one, QListView) else model.columnCount()
            cells = [model.index(row, column) for row in range(model.rowCount())
                     for column in range(n_columns)]  # fmt: skip
            editable = Qt.ItemFlag.ItemIsEditable
            texts += [str(cell.data(SHOWN)) for cell in cells if not cell.flags() & editable]
            tips += [cell.data(TIP) or "" for cell in cells]
        for text in (*texts, *tips):
            assert not acts(re.sub("[\n\t]", "", text)), ascii(text)
        for tip in tips:
            assert not _is_html(tip) or "<" not in OWN.sub("", tip), tip
        seen += len(list(filter(None, (*texts, *tips))))
    return seen


def _is_html(text: str) -> bool:
    return bool(Qt.mightBeRichText(text))
