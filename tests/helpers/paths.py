"""Paths of the repository, and of the tests' programs and data."""

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
REPOSITORY = TESTS.parent
PROGRAMS = TESTS / "programs"
KERAS_FILES = TESTS / "data" / "keras_files"
RELEASES = TESTS / "data" / "files_of_releases"
