"""What scaling.py reads from Spark's event logs. Times are milliseconds, sizes bytes."""
import collections
import glob
import json
import re

SETTINGS = {
    "spark.eventLog.enabled": "true",
    "spark.eventLog.rolling.enabled": "false",
    "spark.eventLog.compress": "false",
    "spark.eventLog.logBlockUpdates.enabled": "true",
    "spark.eventLog.logStageExecutorMetrics": "true",
    "spark.executor.metrics.pollingInterval": "100ms",
    "spark.executor.heartbeatInterval": "1s",
}

Task = collections.namedtuple("Task", "stage executor launch finish run deserialise result delay")
Job = collections.namedtuple("Job", "says start end stages")


class EventLog:
    """The log of the one application that wrote to a folder.

    jobs: by number; stages: (start, end) of each that ran; peaks: largest value of each metric of
    an executor ("driver" is one); broadcasts: the size of each as it is sent.
    """

    def __init__(self, folder):
        (path,) = glob.glob(folder + "/*")
        self.jobs, self.stages, self.tasks = {}, {}, []
        self.peaks = collections.defaultdict(collections.Counter)
        self._pieces = {}
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line)
                read = getattr(self, "_" + event["Event"].replace("SparkListener", ""), None)
                if read:
                    read(event)
        self.broadcasts = collections.Counter()
        for broadcast, size in self._pieces.values():
            self.broadcasts[broadcast] += size

    def of(self, jobs):
        """The tasks of some jobs, in order of their launch."""
        stages = {stage for job in jobs for stage in job.stages}
        return sorted((t for t in self.tasks if t.stage in stages), key=lambda t: t.launch)

    def ran(self, job):
        """The (start, end) of the stages of a job that ran, in order of their end."""
        return sorted((self.stages[s] for s in job.stages if s in self.stages), key=lambda s: s[1])

    def steps(self):
        """The jobs of each step of a fit, in order."""
        steps = collections.defaultdict(list)
        for _, job in sorted(self.jobs.items()):
            found = re.search(r"epoch (\d+)", job.says)
            if found:
                steps[int(found.group(1))].append(job)
        return [steps[number] for number in sorted(steps)]

    def heaviest(self):
        """The job with the stage that ran longest: of a score, the one that forms the pairs."""
        run = collections.Counter()
        for task in self.tasks:
            run[task.stage] += task.run
        (stage, _), = run.most_common(1)
        return next(job for job in self.jobs.values() if stage in job.stages)

    def _ApplicationStart(self, event):
        self.start = event["Timestamp"]

    def _ApplicationEnd(self, event):
        self.end = event["Timestamp"]

    def _JobStart(self, event):
        says = event["Properties"].get("spark.job.description", "")
        self.jobs[event["Job ID"]] = Job(says, event["Submission Time"], None, event["Stage IDs"])

    def _JobEnd(self, event):
        job = self.jobs[event["Job ID"]]
        self.jobs[event["Job ID"]] = job._replace(end=event["Completion Time"])

    def _StageCompleted(self, event):
        info = event["Stage Info"]
        self.stages[info["Stage ID"]] = info["Submission Time"], info["Completion Time"]

    def _TaskEnd(self, event):
        info, metrics = event["Task Info"], event.get("Task Metrics")
        if not metrics or info["Failed"]:
            return
        launch, finish, fetched = (
            info[name + " Time"] for name in ("Launch", "Finish", "Getting Result"))
        run, deserialise = metrics["Executor Run Time"], metrics["Executor Deserialize Time"]
        result = metrics["Result Serialization Time"] + (finish - fetched if fetched else 0)
        delay = max(0, finish - launch - run - deserialise - result)
        self.tasks.append(Task(event["Stage ID"], info["Executor ID"], launch, finish, run,
                               deserialise, result, delay))

    def _StageExecutorMetrics(self, event):
        self.peaks[event["Executor ID"]] |= collections.Counter(event["Executor Metrics"])

    def _BlockUpdated(self, event):
        info = event["Block Updated Info"]
        size = info["Memory Size"] + info["Disk Size"]
        found = re.fullmatch(r"(broadcast_\d+)_piece\d+", info["Block ID"])
        if found and size and info["Block Manager ID"]["Executor ID"] == "driver":
            self._pieces[info["Block ID"]] = found.group(1), size
