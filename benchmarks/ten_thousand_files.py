"""10,000 files, 5 % of them bad, classified by the command line, which is killed twice.

    python benchmarks/ten_thousand_files.py [--files 10000] [--seed N] [--rounds 1]

Prints what was found; stops where the table of a killed run is another one, where a process
outlives it, or where a start computes what was done. Some three minutes on two cores.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import MAKE_TINY_CLASSIFIER
from helpers.killed_batches import killed_twice


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ten-thousand-files-") as temporary:
        folder = Path(temporary)
        classifier = folder / "tiny.keras"
        subprocess.run(
            [sys.executable, "-c", MAKE_TINY_CLASSIFIER, str(classifier)],
            check=True,
            capture_output=True,
        )
        for seed in range(asked.seed, asked.seed + asked.rounds):
            print(f"Seed {seed}.")
            images, place = folder / f"images {seed}", folder / "output"
            for sentence in killed_twice(images, classifier, place, asked.files, seed):
                print(sentence, flush=True)


if __name__ == "__main__":
    main()
