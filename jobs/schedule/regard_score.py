"""Scores each day when it is over, in UTC. docs/schedules.md tells how to install it.

Retries: SparkSubmitOperator fails for every exit code alike and cannot raise AirflowFailException for
one of them, so 2 (the command line is wrong) and 3 (the data or the model is wrong, or another run
holds the date) are tried again like 1 (all else, such as a lost cluster). They end within a minute and
leave nothing behind: two retries cost little. A run replaces its date as a whole and with the same
content, so a retry is safe.

Concurrency: max_active_runs=1 gives the cluster one date at a time; the job refuses a second run of
one date. depends_on_past stays False: a date does not need the one before it.

Catch-up: dates that were missed are scored one after the other, each from its own data.
"""

from datetime import datetime, timedelta, timezone

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

HOME = "hdfs://namenode:8020/regard"

with DAG(
    dag_id="regard_score",
    # With this timetable {{ ds }} is the day that is over. A plain cron string means the day of the
    # run in Airflow 3.
    schedule=CronDataIntervalTimetable("15 2 * * *", timezone="UTC"),
    # The first date that is scored: catching up begins here.
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=True,
    max_active_runs=1,
    default_args={
        "depends_on_past": False,
        "retries": 2,
        "retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(hours=4),
    },
):
    # spark-submit runs the job itself: what jobs/regard would read from a config file is written out.
    SparkSubmitOperator(
        task_id="score",
        conn_id="spark_default",
        # The driver runs beside the Airflow worker and its log is the task's.
        deploy_mode="client",
        application="/opt/regard/lib/regard-spark_2.13-0.1.0-job.jar",
        java_class="ml.regard.job.Main",
        driver_memory="3g",
        executor_memory="4g",
        conf={
            "spark.executor.memoryOverheadFactor": "0.25",
            "spark.speculation": "false",
        },
        application_args=[
            "score",
            "--model",
            HOME + "/model",
            "--data",
            "hdfs://namenode:8020/flights/day={{ ds }}",
            "--run-date",
            "{{ ds }}",
            "--handle-invalid",
            "skip",
            "--out",
            HOME + "/scores",
            "--result",
            HOME + "/results/{{ ds }}.json",
        ],
    )
