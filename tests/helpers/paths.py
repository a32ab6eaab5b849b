"""Where the tests find the repository, their programs and their data."""

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
REPOSITORY = TESTS.parent
PROGRAMS = TESTS / "programs"
KERAS_FILES = TESTS / "data" / "keras_files"
