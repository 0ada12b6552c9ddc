"""Runs onnxruntime on one thread, driven by run.mjs: `native_peer.py GRAPH TOKENIZER TEXTS.jsonl`.

Prints `ready`. For each line on standard input it then runs the first window of all texts and prints the milliseconds.
"""

import json
import sys
import time

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

WINDOW = 128


def main():
    graph, tokenizer, texts = sys.argv[1:]
    tokenizer = Tokenizer.from_file(tokenizer)
    tokenizer.enable_truncation(WINDOW)
    with open(texts) as lines:
        ids = [tokenizer.encode(json.loads(line)["text"]).ids for line in lines]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    windows = [np.array([row], np.int64) for row in ids]
    feeds = [{"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)} for row in windows]
    session.run(None, feeds[0])
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for feed in feeds:
            session.run(None, feed)
        print((time.perf_counter() - start) * 1000, flush=True)


if __name__ == "__main__":
    main()
