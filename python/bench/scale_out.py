"""What a large job takes on many cores, calculated from what run.py has measured: python python/bench/scale_out.py

The seconds of a document are measured here, on one thread, whole texts by the shipped model; what Spark adds to them is the
difference of run.py's rows. Partitions of so many documents each are then given to the cores as these become free.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import statistics
import time
from pathlib import Path
from typing import List

import run
import texts

HUGE = 1_000_000
"""Characters of the row that is much larger than others."""


def seconds_of(documents: List[str]) -> List[float]:
    from glossa_ner import Annotator

    annotator = Annotator(run.ROOT / "www/models/cellular")
    annotator.annotate(documents[0])
    taken = []
    for text in documents:
        # Of the processor, so that other work does not count.
        start = time.process_time()
        annotator.annotate(text)
        taken.append(time.process_time() - start)
    return taken


def longest(partitions: List[float], cores: int) -> float:
    """Seconds until the last of the partitions ends, each of which goes to the core that is free first."""
    free = [0.0] * cores
    for partition in partitions:
        heapq.heappush(free, heapq.heappop(free) + partition)
    return max(free)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=36_000_000, help="documents of the job; PubMed has about 36 million abstracts")
    parser.add_argument("--cores", default="32,320", help="numbers of cores")
    parser.add_argument("--per-machine", type=int, default=16, help="cores of a machine, each of which gets the model once")
    parser.add_argument("--price", type=float, default=0.05, help="of a core for an hour, in dollars")
    parser.add_argument("--text", type=Path, help="JSON lines with a `text` each, as documents instead of ours of 8 to 14 sentences")
    options = parser.parse_args()
    run.prepare(__file__)

    if options.text:
        with options.text.open(encoding="utf-8") as lines:
            documents = [json.loads(line)["text"] for line in lines][:1000]
    else:
        documents = list(texts.abstracts(1000, texts.sentences_of(None)))
    times = sorted(seconds_of(documents))
    measured = json.loads((run.WORK / "scale.json").read_text(encoding="utf-8"))["rows"]
    most = max(row["cores"] for row in measured)
    rows = {(row["label"], row["documents"]): row for row in measured if "cpu" in row and row["cores"] == most}
    size = max(documents for label, documents in rows if label == "Glossa, Spark, int8, whole texts")
    spark, alone = (rows[f"Glossa, {way}, int8, whole texts", size] for way in ("Spark", "command line"))
    added = max(0.0, (spark["cpu"] - alone["cpu"]) / size)
    # All cores of a machine wait while it starts. By the processor's clock, on which other work does not count.
    start_up = spark.get("start_up_cpu", spark["start_up"])
    mean, deviation = statistics.fmean(times) + added, statistics.pstdev(times)
    huge = HUGE / statistics.fmean(map(len, documents)) * statistics.fmean(times)
    cuts = ", ".join(f"{share:.0%} {times[int(share * (len(times) - 1))] * 1000:.1f}" for share in (0.01, 0.5, 0.99, 1))
    print(f"Milliseconds of a document: mean {mean * 1000:.1f}, of which Spark {added * 1000:.1f}; {cuts}. A row of {HUGE:,} characters: {huge:.0f} s.\n")
    core_hours = options.documents * mean / 3600
    print(f"{options.documents:,} documents: {core_hours:.0f} core-hours, {core_hours * options.price:,.2f} dollars at {options.price} each.\n")

    print("| cores | partitions | hours, if all goes well | in any order | the longest last | a row in 100,000 of 1 MB | core-hours of start-up | GB of model shipped |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    chance = random.Random(texts.SEED)
    model = sum(file.stat().st_size for file in (run.ROOT / "www/models/cellular").iterdir()) / 1e9
    for cores in map(int, options.cores.split(",")):
        for each in (1, 4, 32):
            count = cores * each
            number = options.documents // count
            # The sum of so many is all but normally distributed.
            shuffled = [chance.gauss(number * mean, number**0.5 * deviation) for _ in range(count)]
            ordered = [number * (times[i * len(times) // count] + added) for i in range(count)]
            expected = number / 100_000
            rare = [one + huge * max(0, round(chance.gauss(expected, expected**0.5))) for one in shuffled]
            hours = [longest(partitions, cores) / 3600 for partitions in (shuffled, ordered, rare)]
            cells = [cores, count, f"{core_hours / cores:.2f}", *(f"{one:.2f}" for one in hours)]
            cells += [f"{cores * start_up / 3600:.2f}", f"{-(-cores // options.per_machine) * model:.2f}"]
            print("| " + " | ".join(map(str, cells)) + " |")


if __name__ == "__main__":
    main()
