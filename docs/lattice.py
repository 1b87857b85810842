#!/usr/bin/env python3
"""Measures the lattice engine; prints the tables of docs/performance.md.

    python3 docs/lattice.py flights FILE   fits of all flights of a Parquet file by both solvers
    python3 docs/lattice.py exact FILE     predictions at given widths against exact sums
    python3 docs/lattice.py growth FILE    a pass over 30,000, 300,000 and all of its rows
    python3 docs/lattice.py line           a fit of 10,000,000 made rows of one feature in a heap of 4 GB
    python3 docs/lattice.py picture FILE   docs/images/flights.png: the delay over time of day and distance

FILE has the columns date, delay and distance of data/README.md. Jobs run through jobs/regard on two
cores. Needs Python 3.9 with numpy and pyarrow, and for the picture matplotlib.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FEATURES = "hour(date) * 60 + minute(date) as minute, distance"
HEAP = "6g"
WIDTHS = "30,100", "3.77,0.125"
ROWS = 30_000, 300_000, None
EVALUATION = re.compile(r"LatticeEngine: (inverse widths .*): ([0-9.]+) s$")


class Bench:
    """A folder for what is measured, and the jobs."""

    def __init__(self, folder):
        self.folder = folder
        conf = os.path.join(folder, "conf")
        os.mkdir(conf)
        for name in os.listdir(os.path.join(ROOT, "conf")):
            with open(os.path.join(ROOT, "conf", name)) as lines:
                text = lines.read()
            if name == "log4j2.properties":
                text = text.replace("logger.regard.level = info", "logger.regard.level = debug")
            with open(os.path.join(conf, name), "w") as copy:
                copy.write(text)
        self.environment = dict(os.environ, SPARK_CONF_DIR=conf)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, heap, *arguments):
        """The result of a job and what its log says of evaluations."""
        command = [os.path.join(ROOT, "jobs", "regard"), "--master", "local[2]", "--driver-memory", heap]
        ended = subprocess.run(command + list(arguments), capture_output=True, text=True,
                               env=self.environment)
        if ended.returncode:
            sys.exit(ended.stderr)
        result = json.loads(ended.stdout.strip().splitlines()[-1])
        found = [EVALUATION.search(line) for line in ended.stderr.splitlines()]
        return result, [(m.group(1), float(m.group(2))) for m in found if m]

    def fit(self, data, features, label, *options, heap=HEAP):
        return self.run(heap, "fit", "--data", data, "--features", features, "--label", label,
                        "--engine", "lattice", "--model", self.path("model"), "--overwrite", *options)


def table(head, rows):
    print("\n| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def describe(result):
    return ["%.4g" % width for width in result["widths"].values()] + [
        result["iterations"], "%.2f" % result["passes"], "%.1f" % result["seconds"],
        "%.6f" % result["looLoss"], "%.2e" % result.get("handedOver", 0)]


def flights(bench, file):
    """Fits by both solvers."""
    rows = []
    for solver in ("sgd", "newton"):
        result, evaluations = bench.fit(file, FEATURES, "delay", "--solver", solver)
        passes = sorted(seconds for what, seconds in evaluations
                        if "over all rows" in what and "CURVATURE" in what)
        middle = "%.1f" % passes[len(passes) // 2] if passes else ""
        rows.append([solver, *describe(result), middle])
    table(["solver", "minute", "distance", "steps", "passes", "seconds", "looLoss", "handed over",
           "a pass with second derivatives: seconds"], rows)


def exact(bench, file):
    """Models at given widths, and how far their predictions are from exact sums."""
    rows = []
    for widths in WIDTHS:
        result, _ = bench.fit(file, FEATURES, "delay", "--solver", "fixed", "--width", widths)
        rows.append([widths, "%.1f" % result["seconds"], "%.1e" % result["handedOver"],
                     *predictions(bench, file)])
    table(["widths", "fit: seconds", "rows handed over at 1e-8", "1,000 random rows: farthest",
           "1,000 most isolated rows: farthest"], rows)


def predictions(bench, file):
    """How far the predictions of the model are from exact sums, in standard deviations."""
    flights = pq.read_table(file)
    minute = pc.add(pc.multiply(pc.hour(flights["date"]), 60), pc.minute(flights["date"])).to_numpy()
    distance = flights["distance"].to_numpy()
    grid, index = np.unique(np.column_stack([minute // 15, distance // 10]), axis=0, return_inverse=True)
    isolated = np.argsort(np.bincount(index.ravel())[index.ravel()], kind="stable")[:1000]
    random = np.random.default_rng(1).choice(flights.num_rows, 1000, replace=False)
    deviation = flights["delay"].to_numpy().std()
    far = []
    for rows in (random, isolated):
        pq.write_table(flights.take(rows), bench.path("queries.parquet"))
        found = []
        for options in (["--engine", "lattice"], ["--engine", "broadcast", "--answer-tolerance", "0"]):
            out = bench.path("scored.parquet")
            bench.run(HEAP, "score", "--model", bench.path("model"), "--data",
                      bench.path("queries.parquet"), "--out", out, "--overwrite", "--partitions", "1",
                      *options)
            found.append(pq.read_table(out)["prediction"].to_numpy())
        far.append("%.1e" % (np.abs(found[0] - found[1]).max() / deviation))
    return far


def growth(bench, file):
    """A pass with second derivatives over ever more rows, at the same widths."""
    flights = pq.read_table(file)
    order = np.random.default_rng(2).permutation(flights.num_rows)
    rows = []
    for count in ROWS:
        data = bench.path("some.parquet")
        pq.write_table(flights.take(np.sort(order[:count])), data)
        for widths in WIDTHS:
            _, evaluations = bench.fit(data, FEATURES, "delay", "--solver", "newton", "--width", widths,
                                       "--max-iter", "3", "--mini-batch-fraction", "1",
                                       "--answer-tolerance", "1e-6")
            passes = sorted(s for what, s in evaluations if "all rows" in what and "CURVATURE" in what)
            rows.append([count or flights.num_rows, widths, "%.2f" % passes[len(passes) // 2]])
    table(["rows", "widths", "a pass: seconds"], rows)


def picture(bench, file):
    """The delay over time of day and distance, at widths for people to look at."""
    import matplotlib
    matplotlib.use("agg")
    from matplotlib import pyplot
    bench.fit(file, FEATURES, "delay", "--solver", "fixed", "--width", WIDTHS[0])
    minutes, distances = np.arange(0, 1440, 10), np.arange(50, 2650, 20)
    minute, distance = (axis.ravel() for axis in np.meshgrid(minutes, distances))
    date = np.datetime64("2001-01-01", "us") + minute.astype("timedelta64[m]")
    pq.write_table(pa.table({"date": date, "distance": distance}), bench.path("grid.parquet"))
    bench.run(HEAP, "score", "--model", bench.path("model"), "--data", bench.path("grid.parquet"),
              "--out", bench.path("drawn.parquet"), "--overwrite", "--engine", "lattice")
    drawn = pq.read_table(bench.path("drawn.parquet"))
    delay = {(d, x): p for d, x, p in zip(drawn["date"].to_pylist(), drawn["distance"].to_pylist(),
                                          drawn["prediction"].to_pylist())}
    z = np.array([delay[d, int(x)] for d, x in zip(date.tolist(), distance)]).reshape(
        len(distances), len(minutes))
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    image = axes.pcolormesh(minutes / 60, distances, z, cmap="viridis", vmin=np.percentile(z, 1),
                            vmax=np.percentile(z, 85), shading="nearest")
    axes.set(xlabel="hour of departure", ylabel="distance (miles)", xticks=range(0, 25, 3))
    figure.colorbar(image, label="mean delay (minutes)", extend="max")
    figure.savefig(os.path.join(ROOT, "docs", "images", "flights.png"), dpi=110)


def line(bench, _):
    """Ten million rows of one feature."""
    random = np.random.default_rng(3)
    x = random.gamma(3, 2, 10_000_000)
    y = np.sin(x) + np.sqrt(x) + random.normal(0, 1, len(x))
    data = bench.path("line.parquet")
    pq.write_table(pa.table({"x": x, "y": y}), data)
    rows = []
    for solver in ("sgd", "newton"):
        result, evaluations = bench.fit(data, "x", "y", "--solver", solver, heap="4g")
        passes = [seconds for what, seconds in evaluations if "over all rows" in what]
        rows.append([solver, *describe(result), ", ".join("%.1f" % s for s in passes[:3])])
    table(["solver", "x", "steps", "passes", "seconds", "looLoss", "handed over",
           "first passes over all rows: seconds"], rows)


def main():
    commands = {"flights": flights, "exact": exact, "growth": growth, "line": line, "picture": picture}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=commands)
    parser.add_argument("file", nargs="?", metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="regard-lattice-") as folder:
        commands[arguments.command](Bench(folder), arguments.file)


if __name__ == "__main__":
    main()
