"""A file name in a table's cell, shortened where it says least: at its beginning."""

from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem


class FileName(QStyledItemDelegate):
    """Shows the end of a name that is too long; files of one folder differ there."""

    def initStyleOption(  # noqa: N802
        self, option: QStyleOptionViewItem | None, index: QModelIndex
    ) -> None:
        """Shorten on the left."""
        super().initStyleOption(option, index)
        if option is not None:
            option.textElideMode = Qt.TextElideMode.ElideLeft
