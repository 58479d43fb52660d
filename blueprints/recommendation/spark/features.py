"""What users like, minute by minute: a Spark stream that makes features of clicks, views and purchases.

It runs on EMR Serverless, whose Python is 3.9, and reads Kinesis with the connector that EMR brings. Each
micro-batch is written under its own number, so that one which is tried again replaces what it had written:
    interactions/day=<day>/batch=<number>/   rows of user, item, weight, at, bought, for batch.py
    live/batch=<number>/                     rows of user and items, for inference at once
"""

# pyright: reportMissingImports=false, reportUnknownParameterType=false
# Spark is on EMR, and need not be here.

import argparse
import functools

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

EVENT = "id STRING, kind STRING, user STRING, item STRING, at BIGINT"
"""An event as JSON: `kind` is "view", "click" or "purchase", `at` milliseconds since 1970."""
WEIGHTS = {"view": 1.0, "click": 3.0, "purchase": 10.0}
TWICE = "2 minutes"
"""Who sends an event again does so within this time; ids are remembered no longer."""
SLOWEST_SECONDS = 86400
"""An event that is a day older than its arrival, or newer than it, was told by a clock that is wrong."""


def events(records: DataFrame) -> DataFrame:
    """The events in records of Kinesis; what is none is left out. Time is that of arrival: a producer whose
    clock is wrong would have the watermark wrong for all."""
    told = records.select(
        F.from_json(F.col("data").cast("string"), EVENT).alias("event"),
        F.col("approximateArrivalTimestamp").alias("arrived"),
    ).select("event.*", "arrived")
    age = F.col("arrived").cast("double") - F.col("at") / 1000
    return told.where(
        F.col("id").isNotNull()
        & (F.length("user") > 0)
        & (F.length("item") > 0)
        & F.col("kind").isin(*WEIGHTS)
        & age.between(-SLOWEST_SECONDS, SLOWEST_SECONDS)
    )


def once(told: DataFrame) -> DataFrame:
    """Each event once, though its producer may have sent it again."""
    return told.withWatermark("arrived", TWICE).dropDuplicatesWithinWatermark(["id"])


def interactions(told: DataFrame) -> DataFrame:
    """A row for each user and item: how much it is liked, since when, and whether it was bought."""
    weight = F.lit(0.0)
    for kind, worth in WEIGHTS.items():
        weight = F.when(F.col("kind") == kind, worth).otherwise(weight)
    return told.groupBy(F.to_date("arrived").alias("day"), "user", "item").agg(
        F.sum(weight).alias("weight"),
        F.max("at").alias("at"),
        F.max(F.col("kind") == "purchase").alias("bought"),
    )


def live(liked: DataFrame) -> DataFrame:
    """A row for each user: what was liked in this batch."""
    return liked.groupBy("user").agg(
        F.collect_list(F.struct("item", "weight", "at", "bought")).alias("items")
    )


def write(told: DataFrame, number: int, output: str, files: int) -> None:
    """Write what one micro-batch has. Kinesis is read once: two tasks at one shard would race."""
    liked = interactions(told).persist()
    try:
        place, written = f"batch={number:012d}", dict(mode="overwrite", compression="gzip")
        for row in liked.select("day").distinct().collect():
            of_day = liked.where(F.col("day") == row.day).drop("day")
            of_day.coalesce(files).write.json(f"{output}/interactions/day={row.day}/{place}", **written)
        live(liked).repartition(files, "user").write.json(f"{output}/live/{place}", **written)
    finally:
        liked.unpersist()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stream", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--output", required=True, help="s3://bucket")
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--every", default="60 seconds")
    parser.add_argument("--fetch-seconds", type=int, default=10)
    parser.add_argument("--files", type=int, default=1, help="that a micro-batch is written in")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    spark = SparkSession.Builder().getOrCreate()
    records = (
        spark.readStream.format("aws-kinesis")
        .option("kinesis.region", asked.region)
        .option("kinesis.endpointUrl", f"https://kinesis.{asked.region}.amazonaws.com")
        .option("kinesis.streamName", asked.stream)
        .option("kinesis.consumerType", "GetRecords")
        .option("kinesis.startingPosition", "TRIM_HORIZON")
        # An idle shard would otherwise hold its core until it has fetched its most.
        .option("kinesis.maxFetchTimePerShardSec", asked.fetch_seconds)
        .load()
    )
    into = functools.partial(write, output=asked.output, files=asked.files)
    (
        once(events(records))
        .writeStream.foreachBatch(into)
        .option("checkpointLocation", asked.checkpoint)
        .trigger(processingTime=asked.every)
        .start()
        .awaitTermination()
    )


if __name__ == "__main__":
    main()
