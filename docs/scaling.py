#!/usr/bin/env python3
"""Measures Regard on this machine and prints the tables of docs/scaling.md and docs/operations.md.

    python3 docs/scaling.py executors    the same work on one and two cores, one and two executors
    python3 docs/scaling.py overhead     what a step of a fit costs apart from its pairs
    python3 docs/scaling.py sizing       the smallest heaps of the formula, and what is used of them

Jobs run through jobs/regard; where their time goes is read from Spark's event logs. Needs nothing
but Python 3.9, a machine with two cores (sizing: 8 GB of memory), and quiet.
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

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLACES = {
    "local[1]": "local[1]",
    "local[2]": "local[2]",
    "1 executor": "local-cluster[1,1,2048]",
    "2 executors": "local-cluster[2,1,2048]",
}
LOGGED = {
    "spark.eventLog.enabled": "true",
    "spark.eventLog.rolling.enabled": "false",
    "spark.eventLog.compress": "false",
    "spark.eventLog.logBlockUpdates.enabled": "true",
    "spark.eventLog.logStageExecutorMetrics": "true",
    "spark.executor.metrics.pollingInterval": "100ms",
    "spark.executor.heartbeatInterval": "1s",
    "spark.scheduler.minRegisteredResourcesRatio": "1",
}
Task = collections.namedtuple("Task", "stage executor launch finish run deserialise result delay")


class Failed(Exception):
    """A job ended with another exit code than 0."""


class EventLog:
    """The event log of one application."""

    def __init__(self, folder):
        (path,) = glob.glob(folder + "/*")
        self.jobs, self.stages, self.tasks = {}, {}, []
        self.peaks = collections.defaultdict(lambda: collections.defaultdict(int))
        self.pieces = {}
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line)
                read = getattr(self, "on_" + event["Event"].replace("SparkListener", ""), None)
                if read:
                    read(event)

    def on_ApplicationStart(self, event):
        self.start = event["Timestamp"]

    def on_ApplicationEnd(self, event):
        self.end = event["Timestamp"]

    def on_JobStart(self, event):
        says = (event.get("Properties") or {}).get("spark.job.description", "")
        job = {"start": event["Submission Time"], "says": says, "stages": event["Stage IDs"]}
        self.jobs[event["Job ID"]] = job

    def on_JobEnd(self, event):
        self.jobs[event["Job ID"]]["end"] = event["Completion Time"]

    def on_StageCompleted(self, event):
        info = event["Stage Info"]
        self.stages[info["Stage ID"]] = (info["Submission Time"], info["Completion Time"])

    def on_TaskEnd(self, event):
        info, metrics = event["Task Info"], event.get("Task Metrics")
        if not metrics or info["Failed"]:
            return
        launch, finish, fetched = (info[k + " Time"] for k in ("Launch", "Finish", "Getting Result"))
        run, deserialise = metrics["Executor Run Time"], metrics["Executor Deserialize Time"]
        result = metrics["Result Serialization Time"] + (finish - fetched if fetched else 0)
        delay = max(0, finish - launch - run - deserialise - result)
        executor = info["Executor ID"]
        self.tasks.append(
            Task(event["Stage ID"], executor, launch, finish, run, deserialise, result, delay))

    def on_StageExecutorMetrics(self, event):
        for name, value in event["Executor Metrics"].items():
            peaks = self.peaks[event["Executor ID"]]
            peaks[name] = max(peaks[name], value)

    def on_BlockUpdated(self, event):
        info = event["Block Updated Info"]
        found = re.fullmatch(r"(broadcast_\d+)_piece\d+", info["Block ID"])
        size = info["Memory Size"] + info["Disk Size"]
        if found and size and info["Block Manager ID"]["Executor ID"] == "driver":
            self.pieces[info["Block ID"]] = found.group(1), size

    def broadcasts(self):
        """Bytes of each broadcast as it is sent, the largest first."""
        sizes = collections.Counter()
        for broadcast, size in self.pieces.values():
            sizes[broadcast] += size
        return sorted(sizes.values(), reverse=True)

    def steps(self):
        """The jobs of each step of a fit, in order."""
        steps = {}
        for _, job in sorted(self.jobs.items()):
            found = re.search(r"\b(?:epoch|step) (\d+)", job["says"])
            if found:
                steps.setdefault(int(found.group(1)), []).append(job)
        return [steps[number] for number in sorted(steps)]

    def heaviest(self):
        """The job with the stage that ran longest: of a score, the one that forms the pairs."""
        run = collections.Counter()
        for task in self.tasks:
            run[task.stage] += task.run
        stage = run.most_common(1)[0][0]
        return next(job for job in self.jobs.values() if stage in job["stages"])

    def of(self, jobs):
        """The tasks of some jobs, in order of their launch."""
        stages = {stage for job in jobs for stage in job["stages"]}
        return sorted((t for t in self.tasks if t.stage in stages), key=lambda t: t.launch)

    def ran(self, jobs):
        """The stages of some jobs that ran, in order of their end."""
        stages = {stage for job in jobs for stage in job["stages"]} & set(self.stages)
        return sorted(stages, key=lambda stage: self.stages[stage][1])


class Bench:
    def __init__(self, folder, launcher):
        self.folder, self.launcher, self.count = folder, launcher, 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def regard(self, *arguments, master="local[2]", submit=(), conf=()):
        """Runs a job; its result and its event log."""
        self.count += 1
        events = self.path("events-%d" % self.count)
        os.mkdir(events)
        settings = {**LOGGED, "spark.eventLog.dir": "file://" + events, **dict(conf)}
        command = [self.launcher, "--master", master, *submit]
        for name, value in settings.items():
            command += ["--conf", "%s=%s" % (name, value)]
        command += [str(argument) for argument in arguments]
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if ended.returncode:
            print(ended.stderr, file=sys.stderr)
            raise Failed(ended.stderr.strip().splitlines()[-1])
        return json.loads(ended.stdout.strip().splitlines()[-1]), EventLog(events)

    def data(self, rows):
        path = self.path("rows-%d" % rows)
        if not os.path.exists(path):
            self.regard("generate", "--rows", rows, "--out", path)
        return path

    def fit(self, rows, dim, engine, *options, **where):
        model = self.path("model-%d-%d-%s" % (rows, dim, engine))
        return self.regard(
            "fit", "--data", self.data(rows), "--features", features(dim), "--label", "y",
            "--model", model, "--overwrite", "--engine", engine, *options, **where)

    def score(self, rows, dim, engine, queries, **where):
        model = self.path("model-%d-%d-%s" % (rows, dim, engine))
        return self.regard(
            "score", "--data", self.data(queries), "--model", model, "--out", self.path("scores"),
            "--format", "parquet", "--out-format", "csv", "--overwrite", "--engine", engine, **where)


def features(dim):
    """So many features of the generated x."""
    return ", ".join("sin(%d * x) as f%d" % (f + 1, f) for f in range(dim))


def table(head, rows):
    print("\n| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


def seconds(milliseconds):
    return "%.3f" % (milliseconds / 1000)


def median(values):
    return statistics.median(values) if values else math.nan


def where_time_goes(log, steps, cores):
    """Milliseconds of one step: (wall, [(what, milliseconds)])."""
    measured = []
    for jobs in steps:
        tasks, stages = log.of(jobs), log.ran(jobs)
        wall = jobs[-1]["end"] - jobs[0]["start"]
        busy = sum(t.finish - t.launch for t in tasks)
        ends = [max((log.stages[s][1] for s in log.ran([job])[:1]), default=job["end"]) for job in jobs]
        measured.append({
            "tasks: running": sum(t.run for t in tasks),
            "tasks: deserialising": sum(t.deserialise for t in tasks),
            "tasks: results, serialised and fetched": sum(t.result for t in tasks),
            "tasks: scheduler delay": sum(t.delay for t in tasks),
            "cores idle": cores * wall - busy,
            "wall: stages after a job's first (aggregation)": sum(
                job["end"] - end for job, end in zip(jobs, ends)),
            "wall: driver between jobs": wall - sum(job["end"] - job["start"] for job in jobs),
            "jobs, stages, tasks": "%d, %d, %d" % (len(jobs), len(stages), len(tasks)),
            "wall": wall,
        })
    wall = median([m.pop("wall") for m in measured])
    counts = collections.Counter(m.pop("jobs, stages, tasks") for m in measured).most_common(1)[0][0]
    parts = [(name, seconds(median([m[name] for m in measured]))) for name in measured[0]]
    return wall, parts + [("jobs, stages, tasks", counts)]


def first_tasks(log, first, others):
    """By how much the first task of each executor in a step was longer than its later ones."""
    later = collections.defaultdict(list)
    for task in log.of(job for jobs in others for job in jobs):
        later[task.executor].append(task.run + task.deserialise)
    seen = {}
    for task in log.of(first):
        seen.setdefault(task.executor, task.run + task.deserialise)
    return max(seen[e] - max(later[e], default=0) for e in seen)


def compare(title, log_of, phase_of, same):
    """A table of one piece of work in every place; checks that the answers have the same bits."""
    columns, walls, answers = {}, {}, {}
    for place, master in PLACES.items():
        result, log = log_of(master)
        steps, warm = phase_of(log)
        cores = 2 if "2" in place else 1
        walls[place], parts = where_time_goes(log, warm, cores)
        spare = first_tasks(log, steps[0], warm) if len(steps) > 1 else None
        columns[place] = {
            **dict(parts),
            "an executor's first task, longer by": seconds(spare) if spare is not None else "",
            "the whole application": seconds(log.end - log.start),
        }
        answers[place] = same(result)
    if len(set(answers.values())) > 1:
        sys.exit("%s: the answers differ: %s" % (title, answers))
    print("\n### %s\n\nSeconds; the answers have the same bits in all four places." % title)
    walls_row = ["wall"] + [seconds(walls[place]) for place in PLACES]
    one = {"local[2]": "local[1]", "2 executors": "1 executor"}
    ratios = ["times faster than one"] + [
        "%.2f" % (walls[one[place]] / walls[place]) if place in one else "" for place in PLACES]
    rows = [[name] + [columns[place][name] for place in PLACES] for name in columns["local[1]"]]
    table([""] + list(PLACES), [walls_row, ratios] + rows)


def executors(bench):
    """The same fits and the same score on one and on two."""
    fits = (("broadcast", 20000, 6), ("partitioned", 200000, 6))
    for engine, rows, steps in fits:
        batch = [] if engine == "broadcast" else ["--mini-batch-fraction", 1000 / rows]
        options = ["--width", 0.3, "--tol", 0, "--max-iter", steps, *batch]
        compare(
            "A step of fit, engine %s: %d rows of 2 features%s"
            % (engine, rows, ", 1,000 of them in a step" if batch else ""),
            lambda master: bench.fit(rows, 2, engine, *options, master=master),
            lambda log: (log.steps(), log.steps()[1:]),
            lambda result: repr((result["widths"], result["inverseWidths"], result["looLoss"])))
    for engine, keys, queries in (("broadcast", 20000, 100000), ("partitioned", 200000, 10000)):
        compare(
            "The pairs of score, engine %s: %d queries, %d keys of 2 features" % (engine, queries, keys),
            lambda master: bench.score(keys, 2, engine, queries, master=master),
            lambda log: ([[log.heaviest()]],) * 2,
            lambda result: csv_digest(result["out"]))


def csv_digest(folder):
    """A hash of the lines of a folder of CSV files, whatever their order."""
    folder = folder.replace("file://", "").replace("file:", "")
    lines = [line for path in glob.glob(folder + "/*.csv") for line in open(path, "rb")]
    return hashlib.sha256(b"".join(sorted(lines))).hexdigest()


def overhead(bench):
    """Steps with next to no pairs."""
    rows = []
    for n, fraction in ((200, 0.5), (20000, 0.0005)):
        _, log = bench.fit(
            n, 1, "broadcast", "--width", 0.3, "--max-iter", 200, "--mini-batch-fraction", fraction)
        steps = log.steps()
        starts = [jobs[0]["start"] for jobs in steps]
        times = sorted(b - a for a, b in zip(starts, starts[1:]))
        _, parts = where_time_goes(log, steps[1:], 2)
        sent = log.broadcasts()
        keys = [size for size in sent if size > sent[0] / 2]
        rows.append([
            n, "%d" % (n * fraction), dict(parts)["jobs, stages, tasks"],
            "%.0f" % median(times), "%.0f" % times[len(times) * 9 // 10], "%.0f" % times[-1],
            "%d of %d bytes" % (len(keys), keys[0]),
        ])
    print("\n### A step without its pairs\n\nMilliseconds from the start of a step to the next, "
          "200 steps in local[2].")
    table(["rows", "rows in a step", "jobs, stages, tasks", "median", "90 %", "longest",
           "large broadcasts"], rows)


def sizing(bench):
    """Fit and score with the smallest heaps that the formula of the broadcast engine allows."""
    rows = []
    sizes = [(n, d, "broadcast", heap_for(n, d)) for n, d in SIZES]
    for n, d, engine, heap in sizes + [(SIZES[-1][0], SIZES[-1][1], "partitioned", 512)]:
        place = {
            "master": "local-cluster[2,1,%d]" % heap,
            "submit": ["--driver-memory", "%dm" % heap, "--executor-memory", "%dm" % heap],
        }
        cells = [str(n), str(d), engine, megabytes(8 * (d + 3) * n), "%d" % heap]
        for job in ("fit", "score"):
            collected = bench.path("gc-%d-%d-%s-%s" % (n, d, engine, job))
            os.mkdir(collected)
            place["conf"] = {
                "spark.%s.extraJavaOptions" % process: "-Xlog:gc:file=%s/%s-%%p" % (collected, process)
                for process in ("driver", "executor")
            }
            try:
                if job == "fit":
                    result, log = bench.fit(
                        n, d, engine, "--width", 0.3, "--mini-batch-fraction", 64 / n,
                        "--max-iter", 2, **place)
                else:
                    result, log = bench.score(n, d, engine, 1000, **place)
            except Failed as failed:
                cells += [str(failed), "", "", ""]
                continue
            peaks = [max(peak(log, e, m) for e in log.peaks if (e == "driver") == (p == "driver"))
                     for p in ("executor", "driver") for m in ("JVMHeapMemory",)]
            storage = max(peak(log, e, "OnHeapStorageMemory") for e in log.peaks if e != "driver")
            cells += ["%.0f s" % result["seconds"], megabytes(storage)] + [
                "%s / %s" % (live(collected, process), megabytes(used))
                for process, used in zip(("executor", "driver"), peaks)]
        rows.append(cells)
    head = ["n", "d", "engine", "keys, MB", "heaps, MB"]
    for job in ("fit", "score"):
        head += [job, "storage, MB", "executor: live / peak, MB", "driver: live / peak, MB"]
    table(head, rows)


SIZES = [(1000000, 2), (1000000, 10), (500000, 50), (1000000, 50)]


def heap_for(n, d):
    """Megabytes of heap that KeyMemory asks for, or the least that Spark starts with."""
    return max(512, math.ceil(16 * (d + 3) * n / 0.6 / 2**20 + 300))


def peak(log, executor, metric):
    return log.peaks[executor][metric]


def megabytes(size):
    return "%.0f" % (size / 2**20)


def live(folder, process):
    """The largest heap after a collection, in megabytes, over the processes of a kind."""
    after = [0]
    for path in glob.glob("%s/%s-*" % (folder, process)):
        with open(path, encoding="utf-8") as lines:
            after += [int(m.group(1)) for m in map(re.compile(r"->(\d+)M\(").search, lines) if m]
    return max(after)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    java = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr.splitlines()[1]
    return "%s, %d cores; %s; load %.2f at the start" % (
        model, os.cpu_count(), java.strip(), os.getloadavg()[0])


def main():
    commands = {"executors": executors, "overhead": overhead, "sizing": sizing}
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
