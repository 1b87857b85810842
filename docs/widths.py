#!/usr/bin/env python3
"""Compares the widths of `regard fit` with those of statsmodels; prints the tables of docs/widths.md.

    python3 docs/widths.py compare    the same loss on small public data sets, two solvers, statsmodels
    python3 docs/widths.py passes     the loss of both solvers after few and many steps, and of sgd over
                                      mini-batches of one size
    python3 docs/widths.py large      both solvers on 100,000 made rows of three features

Jobs run through jobs/regard. Needs Python 3.9 with statsmodels, scikit-learn, vega-datasets and
pyarrow from PyPI, whose packages hold the data: nothing is downloaded.
"""
import argparse
import csv
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sklearn.datasets
import statsmodels.api as sm
import vega_datasets
from statsmodels.nonparametric.kernel_regression import KernelReg

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOLVERS = "newton", "sgd"
FLIGHTS = "hour(date) + minute(date) / 60 as hour, dayofyear(date) as day, distance"
STEPS = 1, 2, 4, 6, 8, 12, 100
BATCH_STEPS = 25, 50, 100, 200, 400
BATCH = 1024


def sets():
    """The data sets: name, label, features and their table."""
    cars = vega_datasets.data.cars()
    star98 = sm.datasets.star98.load_pandas().data
    star98["ABOVE"] = star98.NABOVE / (star98.NABOVE + star98.NBELOW)
    with open(os.path.join(ROOT, "data", "mcycle.csv")) as lines:
        rows = list(csv.DictReader(lines))
    mcycle = {name: [float(row[name]) for row in rows] for name in rows[0]}
    diabetes = sklearn.datasets.load_diabetes(as_frame=True).frame
    iris = vega_datasets.data.iris()
    ccard = sm.datasets.ccard.load_pandas().data
    crime = sm.datasets.statecrime.load_pandas().data
    yield "mcycle", "accel", ["times"], mcycle
    yield "ccard", "AVGEXP", ["AGE", "INCOME"], ccard
    yield "iris", "petalWidth", ["sepalLength", "sepalWidth", "petalLength"], iris
    yield "diabetes", "target", ["bmi", "bp", "s5"], diabetes
    names = ["Horsepower", "Weight_in_lbs", "Acceleration"]
    yield "cars", "Miles_per_Gallon", names, cars.dropna(subset=names + ["Miles_per_Gallon"])
    yield "statecrime", "murder", ["hs_grad", "poverty", "single", "urban"], crime
    yield "star98", "ABOVE", ["LOWINC", "PERMINTE", "AVYRSEXP", "PTRATIO"], star98


def loo_loss(x, y, widths):
    """The mean squared error of leave-one-out predictions, straight from the formula."""
    total = 0.0
    for i in range(len(y)):
        u = (x - x[i]) / widths
        exponent = -0.5 * np.einsum("jf,jf->j", u, u)
        exponent[i] = -np.inf
        kernel = np.exp(exponent - exponent.max())
        total += (y[i] - kernel @ y / kernel.sum()) ** 2
    return total / len(y)


class Bench:
    def __init__(self, folder, launcher):
        self.folder, self.launcher = folder, launcher

    def path(self, name):
        return os.path.join(self.folder, name)

    def fit(self, path, features, label, solver, *options):
        """The result of a fit."""
        command = [self.launcher, "--master", "local[2]", "fit", "--data", path, "--features", features,
                   "--label", label, "--solver", solver, "--model", self.path("model"), "--overwrite"]
        ended = subprocess.run(command + list(options), capture_output=True, text=True)
        if ended.returncode:
            sys.exit(ended.stderr)
        return json.loads(ended.stdout.strip().splitlines()[-1])


def table(head, rows):
    print("\n| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def compare(bench):
    """The same loss at the widths of statsmodels and of both solvers."""
    losses, costs, widths, apart = [], [], [], 0.0
    for name, label, features, columns in sets():
        x = np.column_stack([np.asarray(columns[feature], dtype=float) for feature in features])
        y = np.asarray(columns[label], dtype=float)
        path = bench.path(name + ".csv")
        with open(path, "w", newline="") as out:
            csv.writer(out).writerows([[label] + features, *np.column_stack([y, x]).tolist()])
        start = time.perf_counter()
        other = KernelReg(y, x, var_type="c" * len(features), reg_type="lc", bw="cv_ls")
        seconds = time.perf_counter() - start
        found, reported, cost = [np.abs(other.bw)], [other.cv_loo(other.bw, other.est["lc"])], []
        for solver in SOLVERS:
            result = bench.fit(path, ",".join(features), label, solver, "--format", "csv")
            found.append(np.array([result["widths"][feature] for feature in features]))
            reported.append(result["looLoss"])
            cost += ["%.1f" % result["seconds"], "%.0f" % result["passes"]]
        best, *ours = [loo_loss(x, y, each) for each in found]
        apart = max(apart, *(abs(a / b - 1) for a, b in zip(reported, [best] + ours)))
        losses.append([name, len(y), len(features), "%.8g" % best] + ["%.8g" % loss for loss in ours]
                      + ["%+.1e" % (loss / best - 1) for loss in ours])
        costs.append([name, "%.1f" % seconds] + cost)
        widths.append([name, ", ".join(features)]
                      + [", ".join("%.4g" % width for width in each) for each in found])
        print(name, *found, *[loss / best - 1 for loss in ours], file=sys.stderr, flush=True)
    print("\n**Mean leave-one-out loss**; the last two: relative to statsmodels, negative is better")
    table(["data", "n", "d", "statsmodels", *SOLVERS, *SOLVERS], losses)
    print("\nThe three programs' own values are within %.0e of the formula's, relatively." % apart)
    print("\n**Cost**")
    table(["data", "statsmodels: seconds"] + [solver + ": " + unit for solver in SOLVERS
                                              for unit in ("seconds", "passes")], costs)
    print("\n**Widths**")
    table(["data", "features", "statsmodels", *SOLVERS], widths)


def passes(bench):
    """The loss after so many steps, of 10,000 flights; over all of them, whatever the fit sampled."""
    path = bench.path("flights.parquet")
    flights = pq.read_table(os.path.join(ROOT, "data", "flights-sample.parquet"))
    flights = flights.take(np.arange(0, flights.num_rows, 2))
    pq.write_table(flights, path)
    date, y = flights["date"], flights["delay"].to_numpy().astype(float)
    hour = pc.add(pc.hour(date), pc.divide(pc.cast(pc.minute(date), "double"), 60))
    x = np.column_stack([each.to_numpy() for each in (hour, pc.day_of_year(date), flights["distance"])])
    rows = []
    for solver in SOLVERS:
        for steps in STEPS:
            result = bench.fit(path, FLIGHTS, "delay", solver, "--max-iter", str(steps))
            print(json.dumps(result), file=sys.stderr, flush=True)
            widths = list(result["widths"].values())
            rows.append((solver, steps, result, widths, loo_loss(x, y, np.array(widths))))
            if "maxIter" not in result["stopReason"]:
                break  # more would change nothing
    for steps in BATCH_STEPS:
        result = bench.fit(path, FLIGHTS, "delay", "sgd", "--max-iter", str(steps),
                           "--mini-batch-fraction", str(BATCH / len(y)))
        print(json.dumps(result), file=sys.stderr, flush=True)
        widths = list(result["widths"].values())
        rows.append(("sgd, batches of %d" % BATCH, steps, result, widths,
                     loo_loss(x, y, np.array(widths))))
    least = min(loss for *_, loss in rows)
    table(["solver", "--max-iter", "steps", "passes", "seconds", "loss over all rows", "above the least",
           "looLoss of the fit", "widths"],
          [[solver, steps, result["iterations"], "%.2f" % result["passes"], "%.1f" % result["seconds"],
            "%.6f" % loss, "%.1e" % (loss / least - 1), "%.6f" % result["looLoss"],
            ", ".join("%.4g" % width for width in widths)]
           for solver, steps, result, widths, loss in rows])


def large(bench):
    """Three features on scales of their own, one of which matters less, and noise."""
    random = np.random.default_rng(1)
    n = 100_000
    a, b, c = random.uniform(0, 24, n), random.normal(100, 30, n), random.exponential(5, n)
    y = 3 * np.sin(a / 3) + b / 30 + 0.3 * np.log1p(c) + random.normal(0, 1, n)
    path = bench.path("large.parquet")
    pq.write_table(pa.table({"a": a, "b": b, "c": c, "y": y}), path)
    rows = []
    for solver in SOLVERS:
        result = bench.fit(path, "a,b,c", "y", solver)
        print(json.dumps(result), file=sys.stderr, flush=True)
        rows.append([solver, result["iterations"], "%.2f" % result["passes"],
                     "%.1f" % result["seconds"], "%.9f" % result["looLoss"],
                     ", ".join("%.4g" % width for width in result["widths"].values())])
    table(["solver", "steps", "passes", "seconds", "looLoss", "widths"], rows)


def machine():
    with open("/proc/cpuinfo") as lines:
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    java = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr.splitlines()
    versions = ", ".join(name + " " + importlib.metadata.version(name) for name in (
        "statsmodels", "scikit-learn", "vega-datasets", "numpy", "scipy", "pyarrow"))
    return "%s, %d cores; %s; Python %s, %s; load %.2f at the start" % (
        model, os.cpu_count(), java[1].strip(), platform.python_version(), versions,
        os.getloadavg()[0])


def main():
    commands = {"compare": compare, "passes": passes, "large": large}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=commands)
    parser.add_argument("--regard", default=os.path.join(ROOT, "jobs", "regard"), metavar="PATH",
                        help="the launcher (default: jobs/regard beside this script)")
    arguments = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="regard-widths-") as folder:
        commands[arguments.command](Bench(folder, arguments.regard))


if __name__ == "__main__":
    main()
