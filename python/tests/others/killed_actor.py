"""Two actors of Ray Data, of which one is killed at work; for test_ray.py. Writes what was found to found.json."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import ray

from glossa_ner import Annotator
from glossa_ner.arrow import annotate

FOLDER = Path.cwd()


class Entities:
    def __init__(self) -> None:
        self.annotator = Annotator("cellular")

    def __call__(self, batch: pa.Table) -> pa.Table:
        (FOLDER / f"begun-{os.getpid()}").touch()
        found = pa.table(annotate(batch, model=self.annotator, threads=1))
        try:
            # One actor is to be killed: it keeps what it has found until then.
            (FOLDER / "victim").symlink_to(str(os.getpid()))
        except FileExistsError:
            return found
        while True:
            signal.pause()


def kill() -> None:
    while not (FOLDER / "victim").is_symlink():
        time.sleep(0.05)
    os.kill(int(os.readlink(FOLDER / "victim")), signal.SIGKILL)


texts = json.loads(sys.stdin.read())
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
killer = threading.Thread(target=kill)
killer.start()
given = ray.data.from_items([{"id": number, "text": text} for number, text in enumerate(texts)])
found = given.map_batches(Entities, batch_format="pyarrow", batch_size=8, compute=ray.data.ActorPoolStrategy(size=2))
rows = sorted(found.take_all(), key=lambda row: row["id"])
killer.join()
chunks = [[[chunk["begin"], chunk["end"], chunk["text"], chunk["entity"]] for chunk in row["chunks"]] for row in rows]
begun = [int(file.name.split("-")[1]) for file in FOLDER.glob("begun-*")]
# Ray prints too.
(FOLDER / "found.json").write_text(json.dumps({"killed": int(os.readlink(FOLDER / "victim")), "begun": begun, "found": chunks}))
