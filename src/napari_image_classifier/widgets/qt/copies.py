"""A copy of a result where a person wants it, whole or not at all."""

from pathlib import Path

from napari_image_classifier.system.atomic_files import replace_table
from napari_image_classifier.widgets.qt.progress_row import ProgressRow


def save_copy(source: Path, target: Path, progress: ProgressRow) -> None:
    """Copy a file, and say below the progress bar how that went."""
    try:
        with replace_table(target) as copy:
            copy.temporary.write_bytes(source.read_bytes())
    except OSError as error:
        progress.end(f"The copy could not be written: {error}.", error=True)
    else:
        progress.end(f"Saved as {copy.path}. {copy.sentence}".strip())
