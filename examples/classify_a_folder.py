"""Classify every image below a folder into a CSV table; run it again to go on where it stopped.

python classify_a_folder.py IMAGES cells.keras predictions.csv
"""

import csv
import sys
from collections import Counter
from pathlib import Path

import napari_image_classifier as nic


def main(images: Path, classifier_file: Path, output: Path) -> None:
    result = nic.classify_folder(images, classifier_file, output)
    print(result.message)
    with result.output.open(newline="", encoding="utf-8") as file:
        counts = Counter(row["class"] for row in csv.DictReader(file) if row["status"] == "ok")
    for class_name, count in sorted(counts.items()):
        print(f"{class_name}: {count}")


if __name__ == "__main__":
    folder, classifier, table = map(Path, sys.argv[1:])
    main(folder, classifier, table)
