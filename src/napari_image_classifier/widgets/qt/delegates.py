"""A file name in a table's cell, shortened where it says least: at its beginning."""

from qtpy.QtCore import QModelIndex, QRect, Qt
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem


class FileName(QStyledItemDelegate):
    """Shows the end of a name that is too long; files of one folder differ there."""

    def initStyleOption(  # noqa: N802
        self, option: QStyleOptionViewItem | None, index: QModelIndex
    ) -> None:
        """Shorten on the left."""
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideLeft


# Blue where the network is sure, orange where not: colour-blind eyes tell them apart too.
SURE, UNSURE = QColor(0, 114, 178), QColor(213, 94, 0)
UNSURE_BELOW = 0.7
# For what is no answer, on dark themes and light ones.
GREY = QColor(128, 128, 128)
PALE_ROLE = Qt.ItemDataRole.UserRole + 1


class ConfidenceBar(QStyledItemDelegate):
    """Draws the cell's number, 0 to 1; grey where its `PALE_ROLE` is True."""

    def paint(
        self,
        painter: QPainter | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> None:
        """Draw the background as any cell's, then the bar and the number."""
        confidence = index.data()
        self.initStyleOption(option, index)
        option.text = ""
        style = option.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        if confidence is None or painter is None:
            return
        room = option.rect.adjusted(4, 4, -4, -4)
        height = min(room.height(), 16)
        room = QRect(room.x(), room.center().y() - height // 2, room.width(), height)
        bar = QRect(room.topLeft(), room.size())
        bar.setWidth(round(room.width() * confidence))
        painter.save()
        painter.fillRect(room, QColor(128, 128, 128, 60))
        colour = SURE if confidence >= UNSURE_BELOW else UNSURE
        painter.fillRect(bar, GREY if index.data(PALE_ROLE) else colour)
        painter.setPen(option.palette.color(option.palette.ColorRole.Text))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, f"{confidence:.2f}")
        painter.restore()
