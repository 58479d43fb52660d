"""What many users like together: a Spark job, run each night, that makes of weeks of interactions

    popular/day=<day>/     the items that most weigh, for whoever has nothing better
    training/pairs/        how much two items are liked by the same users
    training/items/        how much each item is liked, in the same measure
    training/holdout/      users who were kept out of these, for judging what is learned from them

It runs on EMR Serverless, whose Python is 3.9 and whose time is UTC, and reads what features.py writes.
"""

# pyright: reportMissingImports=false, reportUnknownParameterType=false
# Spark is on EMR, and need not be here.

import argparse
import datetime
import sys
from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

MOST_ITEMS = 50
"""Items of one user that are paired, those that weigh most: pairs grow with their square."""
HALF_LIFE_DAYS = 7
HELD_OUT = 50
"""One user of so many is kept out."""


def decayed(found: DataFrame, until: datetime.date) -> DataFrame:
    """A row for each user and item over all days; what is a week old weighs half."""
    age = F.datediff(F.lit(until), F.col("day"))
    weight = F.col("weight") * F.pow(F.lit(0.5), age / HALF_LIFE_DAYS)
    return found.groupBy("user", "item").agg(F.sum(weight).alias("weight"), F.max("at").alias("at"))


def popular(liked: DataFrame, most: int) -> DataFrame:
    """The items that weigh most, in order."""
    return (
        liked.groupBy("item")
        .agg(F.sum("weight").alias("weight"))
        .orderBy(F.desc("weight"), "item")
        .limit(most)
    )


def kept_out(user: str = "user") -> F.Column:
    return F.pmod(F.xxhash64(user), F.lit(HELD_OUT)) == 0


def tastes(liked: DataFrame) -> DataFrame:
    """What each user likes most, in the logarithm of its weight: a hundred views are not a hundred likes."""
    order = Window.partitionBy("user").orderBy(F.desc("weight"), "item")
    kept = liked.withColumn("place", F.row_number().over(order)).where(F.col("place") <= MOST_ITEMS)
    return kept.select("user", "item", F.log1p("weight").alias("weight"), "at")


def sampled(liked: DataFrame, percent: int) -> DataFrame:
    """What so many of 100 users like, always the same ones: what goes together is learned from some as from
    all, and pairs are what costs most."""
    return liked.where(F.pmod(F.xxhash64(F.lit("sample"), F.col("user")), F.lit(100)) < percent)


def known(liked: DataFrame, most: int) -> DataFrame:
    """The items that most users have: there is room for no others in the model."""
    order = liked.groupBy("item").count().orderBy(F.desc("count"), "item")
    return liked.join(F.broadcast(order.limit(most).select("item")), "item", "left_semi")


def items(liked: DataFrame) -> DataFrame:
    return liked.groupBy("item").agg(
        F.sum(F.col("weight") * F.col("weight")).alias("square"), F.count("*").alias("users")
    )


def pairs(liked: DataFrame, neighbours: int) -> DataFrame:
    """The products of two items' weights, summed over their users: for each item its largest."""
    one, other = liked.alias("one"), liked.alias("other")
    both = one.join(other, "user").where(F.col("one.item") != F.col("other.item"))
    summed = both.groupBy(F.col("one.item").alias("item"), F.col("other.item").alias("other")).agg(
        F.sum(F.col("one.weight") * F.col("other.weight")).alias("product"), F.count("*").alias("users")
    )
    order = Window.partitionBy("item").orderBy(F.desc("product"), "other")
    return (
        summed.withColumn("place", F.row_number().over(order))
        .where(F.col("place") <= neighbours)
        .drop("place")
    )


def holdout(liked: DataFrame) -> DataFrame:
    """Users with what they liked, the newest apart: what is recommended by the others should have it."""
    newest = Window.partitionBy("user").orderBy(F.desc("at"), "item")
    ranked = liked.withColumn("age", F.row_number().over(newest))
    told = ranked.groupBy("user").agg(
        F.collect_list(F.when(F.col("age") > 1, F.struct("item", "weight"))).alias("liked"),
        F.max(F.when(F.col("age") == 1, F.col("item"))).alias("next"),
    )
    return told.where(F.size("liked") > 0)


def run(spark: SparkSession, asked: argparse.Namespace) -> None:
    """Read the interactions of some days, and write what is made of them."""
    place, until = asked.place, asked.until
    first = until - datetime.timedelta(days=asked.days - 1)
    found = spark.read.json(f"{place}/interactions").where(F.col("day").between(F.lit(first), F.lit(until)))
    liked = decayed(found, until).persist()
    written = dict(mode="overwrite", compression="gzip")
    popular(liked, asked.popular).coalesce(1).write.json(f"{place}/popular/day={until}", **written)
    kept = tastes(sampled(liked, asked.percent)).persist()
    learned = known(kept.where(~kept_out()), asked.items).persist()
    items(learned).write.json(f"{place}/training/items", **written)
    pairs(learned, asked.neighbours).write.json(f"{place}/training/pairs", **written)
    holdout(kept.where(kept_out())).coalesce(1).write.json(f"{place}/training/holdout", **written)


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--place", required=True, help="s3://bucket")
    parser.add_argument("--until", type=datetime.date.fromisoformat, default=datetime.date.today())
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--popular", type=int, default=500)
    parser.add_argument("--neighbours", type=int, default=100)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--percent", type=int, default=100, help="of users, whom pairs are made of")
    return parser.parse_args(given)


def main() -> None:
    run(SparkSession.Builder().getOrCreate(), arguments(sys.argv[1:]))


if __name__ == "__main__":
    main()
