"""What transformers' token-classification pipeline finds, over any engine."""

import torch
from transformers import TokenClassificationPipeline


class Engine:
    """Stands in for a model of transformers."""

    def __init__(self, session, config):
        self.session, self.config = session, config
        self.device, self.dtype, self.name_or_path = torch.device("cpu"), torch.float32, ""

    def __call__(self, **inputs):
        return {"logits": torch.tensor(self.session.logits({name: value.numpy() for name, value in inputs.items()}))}


def pipeline(model, session, tokenizer, strategy="simple", config=None):
    pipe = TokenClassificationPipeline(model=model, tokenizer=tokenizer, framework="pt", aggregation_strategy=strategy)
    pipe.model = Engine(session, config or model.config)
    return pipe


def chunks(pipe, text):
    """The chunks of a text: begin and end in UTF-16 code units, text, entity, confidence."""
    position = lambda offset: len(text[:offset].encode("utf-16-le")) // 2
    return [
        [
            position(int(chunk["start"])), position(int(chunk["end"])), text[chunk["start"] : chunk["end"]],
            chunk.get("entity_group", chunk.get("entity")), round(float(chunk["score"]), 5),
        ]
        for chunk in pipe(text)
    ]


def margin(session, tokenizer, text):
    """The smallest distance between the two largest logits of a word piece."""
    inputs = tokenizer(text, return_tensors="np", truncation=True)
    logits = session.logits(dict(inputs))[0]
    largest = torch.tensor(logits).topk(2, dim=-1).values
    return float((largest[:, 0] - largest[:, 1]).min())
