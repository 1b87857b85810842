#!/usr/bin/env python3
"""Measures fits of many groups; prints the table of docs/performance.md.

    python3 docs/groups.py fits            10,000 groups of 100 rows, widths shared and own

Jobs run through jobs/regard on two cores. Needs Python 3.9 with numpy and pyarrow.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GROUPS, ROWS = 10_000, 100
HEAP = "4g"


def data(path):
    """A sine for each group, of a phase and a frequency of its own, with noise."""
    random = np.random.default_rng(1)
    group = np.repeat(np.arange(GROUPS), ROWS)
    phase, frequency = random.uniform(0, 6, GROUPS), random.uniform(0.5, 3, GROUPS)
    x = random.uniform(0, 5, group.size)
    y = np.sin(frequency[group] * x + phase[group]) + 0.2 * random.normal(size=group.size)
    order = random.permutation(group.size)
    columns = {"shop": group, "x": x, "day": random.integers(0, 365, group.size), "y": y}
    pq.write_table(pa.table({name: column[order] for name, column in columns.items()}), path)


def fit(folder, *options):
    command = [os.path.join(ROOT, "jobs", "regard"), "--master", "local[2]", "--driver-memory", HEAP,
               "fit", "--data", os.path.join(folder, "rows.parquet"), "--features", "x", "--label", "y",
               "--model", os.path.join(folder, "model"), "--overwrite", *options]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        sys.exit(ended.stderr)
    return json.loads(ended.stdout.strip().splitlines()[-1])


def fits(folder):
    data(os.path.join(folder, "rows.parquet"))
    kinds = {
        "groups, shared width": ("--group", "shop"),
        "groups, own widths": ("--group", "shop", "--group-widths", "own"),
        "groups, own widths, newton": ("--group", "shop", "--group-widths", "own", "--solver", "newton"),
        "groups and times, shared width": ("--group", "shop", "--time", "day"),
    }
    print("| fit | passes | seconds | leave-one-out R^2 | rows without keys |\n|" + " --- |" * 5)
    for name, options in kinds.items():
        result = fit(folder, *options)
        print("| %s | %.3g | %.1f | %.4f | %d |" % (
            name, result["passes"], result["seconds"], result["looRSquared"], result["rowsWithoutKeys"]),
            flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["fits"])
    parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        fits(place)
