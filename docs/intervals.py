#!/usr/bin/env python3
"""Measures what prediction intervals cover; prints the tables of docs/intervals.md.

    python3 docs/intervals.py FILE   trained on a sample of the months before the last one, which is asked

FILE has the columns date, delay and distance of data/README.md. Jobs run through jobs/regard on two
cores. Needs Python 3.9 with numpy and pyarrow.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FEATURES = "hour(date) * 60 + minute(date) as minute, distance"
CALIBRATIONS = "loo", "split", "cv+"
CONFIDENCES = 0.5, 0.8, 0.9, 0.95
QUERIES = 20_000


class Bench:
    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *arguments):
        """The result of a job."""
        command = [os.path.join(ROOT, "jobs", "regard"), "--master", "local[2]"]
        ended = subprocess.run(command + list(arguments), capture_output=True, text=True)
        if ended.returncode:
            sys.exit(ended.stderr)
        return json.loads(ended.stdout.strip().splitlines()[-1])

    def fit(self, *options):
        result = self.run("fit", "--data", self.path("train.parquet"), "--features", FEATURES, "--label",
                          "delay", "--model", self.path("model"), "--overwrite", *options)
        print(json.dumps(result), file=sys.stderr, flush=True)
        return result

    def score(self, confidence):
        """Predictions, the ends of their intervals, and the labels."""
        self.run("score", "--model", self.path("model"), "--data", self.path("asked.parquet"), "--out",
                 self.path("scored.parquet"), "--overwrite", "--columns", "delay", "--with", "interval",
                 "--confidence", str(confidence))
        scored = pq.read_table(self.path("scored.parquet"))
        ends = [pc.struct_field(scored["interval"], end).to_numpy() for end in ("lower", "upper")]
        return scored["prediction"].to_numpy(), *ends, scored["delay"].to_numpy()


def table(head, rows):
    print("\n| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def samples(bench, file, keys):
    """Rows of the last month that has enough of them to ask, and of those before to learn from."""
    flights = pq.read_table(file, columns=["date", "delay", "distance"])
    months = pc.add(pc.multiply(pc.year(flights["date"]), 12), pc.month(flights["date"])).to_numpy()
    found, counts = np.unique(months, return_counts=True)
    last = found[counts >= QUERIES].max()
    random = np.random.default_rng(1)
    for name, rows, count in (("train", months < last, keys), ("asked", months == last, QUERIES)):
        chosen = np.sort(random.choice(np.flatnonzero(rows), count, replace=False))
        pq.write_table(flights.take(pa.array(chosen)), bench.path(name + ".parquet"))


def percent(share):
    return "%.1f" % (100 * share)


def coverage(bench, file, keys):
    samples(bench, file, keys)
    learned = bench.fit("--engine", "broadcast", "--calibration", "none")
    widths = ",".join(repr(width) for width in learned["widths"].values())
    totals, tenths = [], {}
    for calibration in CALIBRATIONS:
        bench.fit("--engine", "broadcast", "--solver", "fixed", "--width", widths, "--calibration",
                  calibration)
        covered, lengths = [], []
        for confidence in CONFIDENCES:
            prediction, lower, upper, delay = bench.score(confidence)
            inside = (lower <= delay) & (delay <= upper)
            print(calibration, confidence, inside.mean(), file=sys.stderr, flush=True)
            covered.append(percent(inside.mean()))
            lengths.append("%.0f" % np.median(upper - lower))
            groups = np.array_split(np.argsort(prediction, kind="stable"), 10)
            for tenth, rows in enumerate(groups):
                tenths.setdefault((calibration, tenth), []).append(percent(inside[rows].mean()))
                tenths[calibration, tenth, "from"] = prediction[rows].min()
        totals.append([calibration, *covered, *lengths])
    print("widths", learned["widths"])
    heads = ["%g %%" % (100 * confidence) for confidence in CONFIDENCES]
    table(["calibration", *("covered at " + head for head in heads),
           *("minutes wide at " + head for head in heads)], totals)
    table(["tenth of the prediction", "from", *heads],
          [[tenth + 1, "%.1f" % tenths["loo", tenth, "from"], *tenths["loo", tenth]] for tenth in range(10)])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--keys", type=int, default=20_000, metavar="N", help="training rows (default: 20000)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="regard-intervals-") as folder:
        coverage(Bench(folder), arguments.file, arguments.keys)


if __name__ == "__main__":
    main()
