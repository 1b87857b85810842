#!/usr/bin/env python3
"""Measures scores with more columns; prints the table of docs/performance.md.

    python3 docs/columns.py [--keys N] [--queries M]

N keys (50,000) and M queries (400,000) of one and of three features, widths so wide that every key is in
reach, engine broadcast. Jobs run through jobs/regard on two cores. Needs Python 3.9 with numpy and
pyarrow.
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
COLUMNS = {
    "the prediction": "",
    "effective keys, support, marginal effect": "effectiveKeys,support,marginalEffect",
    "these, error bound, standard error, interval and band":
        "effectiveKeys,support,marginalEffect,errorBound,standardError,interval,band",
}


def run(*arguments):
    command = [os.path.join(ROOT, "jobs", "regard"), "--master", "local[2]", "--driver-memory", "4g"]
    ended = subprocess.run(command + list(arguments), capture_output=True, text=True)
    if ended.returncode:
        sys.exit(ended.stderr)
    return json.loads(ended.stdout.strip().splitlines()[-1])


def table(path, rows, features, random):
    x = random.uniform(0, 5, (rows, features))
    columns = {"x%d" % f: x[:, f] for f in range(features)}
    columns["y"] = np.sin(x.sum(axis=1)) + 0.2 * random.normal(size=rows)
    pq.write_table(pa.table(columns), path)


def measure(folder, features, keys, queries):
    random = np.random.default_rng(features)
    train, asked = os.path.join(folder, "train.parquet"), os.path.join(folder, "asked.parquet")
    model, out = os.path.join(folder, "model"), os.path.join(folder, "out")
    table(train, keys, features, random)
    table(asked, queries, features, random)
    run("fit", "--data", train, "--features", ",".join("x%d" % f for f in range(features)), "--label", "y",
        "--solver", "fixed", "--width", "1", "--calibration", "loo", "--engine", "broadcast",
        "--model", model, "--overwrite")
    seconds = {}
    for name, columns in COLUMNS.items():
        options = ["--with", columns] if columns else []
        result = run("score", "--model", model, "--data", asked, "--out", out, "--overwrite", "--engine",
                     "broadcast", "--answer-tolerance", "0", *options)
        seconds[name] = result["seconds"]
        print("| %d | %s | %.1f | %.2f |" % (
            features, name, seconds[name], seconds[name] / seconds["the prediction"]), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keys", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=400_000)
    options = parser.parse_args()
    print("| features | columns | seconds | times the prediction |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as place:
        for count in (1, 3):
            measure(place, count, options.keys, options.queries)
