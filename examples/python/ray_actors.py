"""Entities by Ray Data, with an actor for each core: python ray_actors.py"""

import pyarrow as pa
import ray

from glossa_ner import Annotator
from glossa_ner.arrow import annotate


class Entities:
    def __init__(self) -> None:
        self.annotator = Annotator("cellular")

    def __call__(self, batch: pa.Table) -> pa.Table:
        return pa.table(annotate(batch, model=self.annotator, threads=1))


ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
abstracts = ray.data.from_items([{"id": 1, "text": "IL-2 gene expression"}, {"id": 2, "text": "It requires NF-kappa B."}])
actors = ray.data.ActorPoolStrategy(size=2)
# Half a core for each actor: beside whole ones, tasks that read or write files would never be scheduled.
found = abstracts.map_batches(Entities, batch_format="pyarrow", batch_size=64, compute=actors, num_cpus=0.5)
for row in sorted(found.take_all(), key=lambda row: row["id"]):
    print(row["id"], [(chunk["text"], chunk["entity"]) for chunk in row["chunks"]])
