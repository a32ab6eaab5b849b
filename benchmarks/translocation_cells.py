"""Learn the two controls of one half of a plate cell by cell; look at the doses of both halves.

    python benchmarks/translocation_cells.py FOLDER [--epochs N] [--seed N] [--network NAME]

FOLDER holds labels.csv with the columns file, class, well, plate_half and dose. Nuclei are numbered
by examples/segment_nuclei.py on channel 2. Cells of the controls of rows A–D are learnt from, one
group per well; the cells of all wells are then classified, and their per cent in each well is set
against the dose, beside what a classifier of whole fields says that learnt from the same wells.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

import napari_image_classifier as nic

POSITIVE, CONTROLS = "positive_control", ("negative_control", "positive_control")
LEARNT = "rows_A-D"
SEGMENT = Path(__file__).resolve().parents[1] / "examples" / "segment_nuclei.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=nic.TrainingConfig().epochs)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--network", default=nic.TrainingConfig().network)
    given = parser.parse_args()
    config = nic.TrainingConfig(epochs=given.epochs, seed=given.seed, network=given.network)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        print(segmented(given.folder, work / "masks"), flush=True)
        learnt_from, wells = tables(given.folder, work)
        for what, masks, show in (
            ("cells", work / "masks", f"percent_{POSITIVE}"),
            ("whole fields", None, f"mean_p_{POSITIVE}"),
        ):
            summary = summarized(given.folder, learnt_from, wells, work / what, masks, config)
            if masks:
                print(summary.groupby(["plate_half", "dose"])[show].mean().round(1).to_string())
            told = nic.dose_correlation(summary, "dose", show, by="plate_half")
            print(f"{what}: {show} and dose, Spearman")
            print(told.round(3).to_string(index=False), flush=True)


def segmented(folder: Path, masks: Path) -> str:
    command = [sys.executable, SEGMENT, folder / "wells", masks / "wells", "2"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def tables(folder: Path, work: Path) -> tuple[Path, Path]:
    """Write what is learnt from, and the doses of the wells; of positive controls there is none."""
    labels = pd.read_csv(folder / "labels.csv", dtype=str)
    chosen = labels["class"].isin(CONTROLS) & (labels["plate_half"] == LEARNT)
    labels[chosen][["file", "class", "well"]].to_csv(work / "controls.csv", index=False)
    labels.loc[labels["class"] == POSITIVE, "dose"] = ""
    labels[["well", "plate_half", "dose"]].to_csv(work / "wells.csv", index=False)
    return work / "controls.csv", work / "wells.csv"


def summarized(
    folder: Path,
    learnt_from: Path,
    wells: Path,
    output: Path,
    masks: Path | None,
    config: nic.TrainingConfig,
) -> pd.DataFrame:
    """Train, classify and summarize; return the table by well."""
    began = time.monotonic()
    items = nic.read_items(folder, items_csv=learnt_from, masks=masks, group="well")
    classifier = nic.train(items, config, output=output.with_suffix(".keras"), in_process=True)
    trained = time.monotonic()
    record = classifier.description.training
    print(f"{output.name}: learnt from {len(items.items)} in {trained - began:.0f} s, right for "
          f"{record['validation_accuracy']:.1%} of those kept aside")  # fmt: skip
    table = output.with_suffix(".csv")
    result = nic.classify_folder(
        folder, classifier, table, masks=masks, pattern="{condition}/{well}.tif"
    )
    print(f"{result.message} ({time.monotonic() - trained:.0f} s)")
    return nic.summarize(table, wells=wells)


if __name__ == "__main__":
    main()
