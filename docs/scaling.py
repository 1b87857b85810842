#!/usr/bin/env python3
"""Measures Regard on this machine and prints the tables of docs/scaling.md and docs/operations.md.

    python3 docs/scaling.py executors    the same work on one and two cores, one and two executors
    python3 docs/scaling.py steps        what a step of a fit costs apart from its pairs
    python3 docs/scaling.py sizing       the smallest heaps of the formula, and what is used of them

Jobs run through jobs/regard; where their time goes is read from Spark's event logs. Needs Python
3.9, two cores, 8 GB of memory, and a machine with nothing else to do.
"""
import argparse
import collections
import glob
import hashlib
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile

from eventlog import SETTINGS, EventLog

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLACES = {  # name: master, cores
    "local[1]": ("local[1]", 1),
    "local[2]": ("local[2]", 2),
    "1 executor": ("local-cluster[1,1,2048]", 1),
    "2 executors": ("local-cluster[2,1,2048]", 2),
}
SIZES = [(1000000, 2), (1000000, 10), (500000, 50), (1000000, 50)]  # keys and features
Work = collections.namedtuple("Work", "title run steps answer")


class Failed(Exception):
    """A job ended with another exit code than 0; the last line that it said."""


class Bench:
    def __init__(self, folder, launcher):
        self.folder, self.launcher, self.runs = folder, launcher, 0

    def path(self, *names):
        return os.path.join(self.folder, "-".join(str(name) for name in names))

    def regard(self, job, options, master="local[2]", submit=()):
        """Runs a job; its result and its event log."""
        self.runs += 1
        events = self.path("events", self.runs)
        os.mkdir(events)
        command = [self.launcher, "--master", master, *submit]
        for name, value in {**SETTINGS, "spark.eventLog.dir": "file://" + events}.items():
            command += ["--conf", name + "=" + value]
        command += [job] + [str(option) for option in options]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            print(ended.stderr, file=sys.stderr)
            raise Failed(ended.stderr.strip().splitlines()[-1])
        return json.loads(ended.stdout.strip().splitlines()[-1]), EventLog(events)

    def data(self, rows):
        path = self.path("rows", rows)
        if not os.path.exists(path):
            self.regard("generate", ["--rows", rows, "--out", path])
        return path

    def fit(self, rows, dim, engine, options, **where):
        features = ", ".join("sin(%d * x) as f%d" % (f, f) for f in range(1, dim + 1))
        named = ["--data", self.data(rows), "--features", features, "--label", "y", "--width", 0.3,
                 "--model", self.path("model", rows, dim, engine), "--engine", engine,
                 "--calibration", "none"]
        return self.regard("fit", named + ["--overwrite"] + options, **where)

    def score(self, rows, dim, engine, queries, **where):
        named = ["--data", self.data(queries), "--model", self.path("model", rows, dim, engine),
                 "--out", self.path("scores"), "--out-format", "csv", "--engine", engine]
        return self.regard("score", named + ["--overwrite"], **where)


def table(head, rows):
    print("\n| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def executors(bench):
    """The same fits and scores on one and on two."""
    batch = ["--mini-batch-fraction", 0.005]
    for engine, rows, queries, more in (
            ("broadcast", 10000, 100000, []), ("partitioned", 200000, 10000, batch)):
        options = ["--tol", 0, "--max-iter", 6] + more
        compare(Work(
            "A step of fit, engine %s, %d rows%s" % (engine, rows, " (0.5 % a step)" if more else ""),
            lambda master: bench.fit(rows, 2, engine, options, master=master),
            EventLog.steps,
            lambda result: str([result[key] for key in ("widths", "inverseWidths", "looLoss")])))
        compare(Work(
            "The pairs of score, engine %s, %d keys, %d queries" % (engine, rows, queries),
            lambda master: bench.score(rows, 2, engine, queries, master=master),
            lambda log: [[log.heaviest()]],
            lambda result: csv_hash(result["out"])))


def csv_hash(folder):
    """A hash of the rows of all files, whatever their order."""
    paths = glob.glob(folder.replace("file:", "") + "/*.csv")
    lines = sorted(line for path in paths for line in list(open(path, "rb"))[1:])  # not the header
    return hashlib.sha256(b"".join(lines)).hexdigest(), len(lines)


def compare(work):
    """The table of one piece of work in every place; the answers must have the same bits."""
    columns, answers = [], set()
    for master, cores in PLACES.values():
        result, log = work.run(master)
        answers.add(work.answer(result))
        columns.append(where_time_goes(log, work.steps(log), cores))
    if len(answers) > 1:
        sys.exit("%s: answers differ: %s" % (work.title, answers))
    for one, two in ((0, 1), (2, 3)):
        columns[two]["times faster than one"] = columns[one]["wall"] / columns[two]["wall"]
    print("\n**%s**: seconds; the same bits in all four places" % work.title)
    rows = [[name] + [cell(column.get(name, "")) for column in columns] for name in columns[1]]
    table([""] + list(PLACES), rows)


def cell(value):
    return value if isinstance(value, str) else "%.2f" % value


def where_time_goes(log, steps, cores):
    """Seconds of a step, medians; not of the first one, where there are others."""
    parts = collections.defaultdict(list)
    for jobs in steps[1:] or steps:
        tasks, stages = log.of(jobs), [log.ran(job) for job in jobs]
        wall = jobs[-1].end - jobs[0].start
        parts["wall"].append(wall)
        parts["times faster than one"].append(math.nan)
        parts["tasks: running"].append(sum(t.run for t in tasks))
        parts["tasks: deserialising"].append(sum(t.deserialise for t in tasks))
        parts["tasks: results, serialising and fetching"].append(sum(t.result for t in tasks))
        parts["tasks: scheduler delay"].append(sum(t.delay for t in tasks))
        parts["cores without a task"].append(cores * wall - sum(t.finish - t.launch for t in tasks))
        parts["after the first stage of a job (aggregation)"].append(
            sum(job.end - ran[0][1] for job, ran in zip(jobs, stages)))
        parts["between jobs"].append(wall - sum(job.end - job.start for job in jobs))
    column = {name: statistics.median(values) / 1000 for name, values in parts.items()}
    column["times faster than one"] = ""
    if len(steps) > 1:
        column["an executor's first task, longer by"] = first_task(log, steps) / 1000
    column["the whole application"] = (log.end - log.start) / 1000
    column["jobs, stages, tasks of a step"] = "%d, %d, %d" % shape(log, steps[-1])
    return column


def shape(log, jobs):
    return len(jobs), sum(len(log.ran(job)) for job in jobs), len(log.of(jobs))


def first_task(log, steps):
    """By how much the first task of an executor took longer than the median of its later ones."""
    times = collections.defaultdict(list)
    for task in log.of(job for jobs in steps for job in jobs):
        times[task.executor].append(task.run + task.deserialise)
    return max(first - statistics.median(later) for first, *later in times.values())


def steps(bench):
    """Steps with next to no pairs."""
    rows = []
    for n, share in ((200, 0.5), (20000, 0.0005)):
        options = ["--max-iter", 200, "--mini-batch-fraction", share]
        _, log = bench.fit(n, 1, "broadcast", options)
        starts = [jobs[0].start for jobs in log.steps()]
        times = sorted(after - before for before, after in zip(starts, starts[1:]))
        tasks = [sum(t.run for t in log.of(jobs)) for jobs in log.steps()]
        rows.append([n, "%d" % (n * share), "%d, %d, %d" % shape(log, log.steps()[-1]),
                     "%.0f" % statistics.median(times), times[len(times) * 9 // 10], times[-1],
                     "%.0f" % statistics.median(tasks)])
    print("\n**A step without its pairs**: milliseconds from the start of one to that of the next, "
          "of 200 steps in local[2]")
    table(["rows", "in a step", "jobs, stages, tasks of a step", "median", "9 of 10 within",
           "longest", "tasks running"], rows)
    sent = log.broadcasts.most_common(4)
    print("\nThe largest broadcasts of the last fit, KB: "
          + ", ".join("%.0f" % (size / 1024) for _, size in sent))


def sizing(bench):
    """Fit and score in the smallest heaps that the broadcast engine asks for; one row with less."""
    rows = []
    least = [(n, d, "broadcast", heap_for(n, d)) for n, d in SIZES]
    for n, d, engine, heap in least + [(*SIZES[-1], "partitioned", 512)]:
        options = ["--mini-batch-fraction", 64 / n, "--max-iter", 2]
        for job, run in (
                ("fit", lambda **where: bench.fit(n, d, engine, options, **where)),
                ("score", lambda **where: bench.score(n, d, engine, 1000, **where))):
            row = [n, d, engine, megabytes((8 * d + 36) * n), heap, job]
            rows.append(row + used(bench.path("gc", bench.runs), heap, run))
    print("\nMegabytes; a heap for each of two executors and the driver")
    table(["n", "d", "engine", "keys", "heap", "job", "ended", "executor: storage", "live", "peak",
           "driver: live", "peak"], rows)


def used(folder, heap, run):
    """How a job ended in a heap, and what it used of it."""
    os.mkdir(folder)
    submit = ["--driver-memory", "%dm" % heap, "--conf", "spark.executor.memory=%dm" % heap]
    for process in ("driver", "executor"):
        log = "-Xlog:gc:file=%s/%s-%%p" % (folder, process)
        submit += ["--conf", "spark.%s.extraJavaOptions=%s" % (process, log)]
    try:
        result, log = run(master="local-cluster[2,1,%d]" % heap, submit=submit)
    except Failed as failed:
        return [str(failed), "", "", "", "", ""]
    driver = log.peaks.pop("driver")
    storage, peak = (megabytes(max(peaks[name] for peaks in log.peaks.values()))
                     for name in ("OnHeapStorageMemory", "JVMHeapMemory"))
    return ["after %.0f s" % result["seconds"], storage, live(folder, "executor"), peak,
            live(folder, "driver"), megabytes(driver["JVMHeapMemory"])]


def heap_for(n, d):
    """Megabytes that KeyMemory asks for, or the least that Spark starts with."""
    return max(512, math.ceil(2 * (8 * d + 36) * n / 0.6 / 2**20 + 300))


def megabytes(size):
    return "%.0f" % (size / 2**20)


def live(folder, process):
    """The largest heap after a garbage collection, over all processes of a kind."""
    paths = glob.glob("%s/%s-*" % (folder, process))
    return max(int(after) for path in paths for after in re.findall(r"->(\d+)M\(", open(path).read()))


def machine():
    with open("/proc/cpuinfo") as lines:
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    java = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr.splitlines()
    return "%s, %d cores; %s; load %.2f at the start" % (
        model, os.cpu_count(), java[1].strip(), os.getloadavg()[0])


def main():
    commands = {"executors": executors, "steps": steps, "sizing": sizing}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=commands)
    parser.add_argument("--regard", default=os.path.join(ROOT, "jobs", "regard"), metavar="PATH",
                        help="the launcher (default: jobs/regard beside this script)")
    arguments = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="regard-scaling-") as folder:
        commands[arguments.command](Bench(folder, arguments.regard))


if __name__ == "__main__":
    main()
