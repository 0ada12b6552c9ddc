"""Documents a second of Glossa and its peers, on clusters' terms: by core, by GB of memory, by number of documents.

    ./build.sh wheel
    python3 python/bench/run.py --quick     five minutes, to see that it works; docs/scale.md says what is measured, and how

Needs Linux, Java 17, Maven, and network for the first time: it makes an environment with the peers in target/scale.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Dict, List, Tuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / "target/scale"
PYTHON = WORK / "venv/bin/python"

# Seconds after which a contender that has not answered is killed: it is deadlocked.
LONGEST_RUN = 7200

# As it comes, its session of onnxruntime has six threads, which spin while they wait for one another.
SPARK_NLP = ["Spark NLP 5.5.3, f32", "Spark NLP 5.5.3, f32, one thread a session"]


def prepare(script: str) -> None:
    """Makes the environment, and goes on with the script in it."""
    wheels = sorted(glob.glob(str(ROOT / "target/wheels/*.whl")))
    installed = WORK / "installed"
    if not wheels and not installed.exists():
        sys.exit("there is no wheel in target/wheels: run ./build.sh wheel first")
    wanted = (HERE / "requirements.txt").read_text() + "".join(f"{wheel} {os.stat(wheel).st_mtime}\n" for wheel in wheels)
    if not installed.exists() or wheels and installed.read_text() != wanted:
        print("Installing the peers (five minutes)", file=sys.stderr)
        WORK.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
        pip = [PYTHON, "-m", "pip", "install", "-q"]
        subprocess.run([*pip, "-r", HERE / "requirements.txt"], check=True)
        subprocess.run([*pip, "--force-reinstall", "--no-deps", "--no-index", *wheels], check=True)
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={WORK / 'jars'}", "-DincludeScope=runtime"]
        subprocess.run(["mvn", "-q", "-f", HERE / "pom.xml", *copy], check=True)
        installed.write_text(wanted)
    if Path(sys.prefix).resolve() != (WORK / "venv").resolve():
        os.execv(PYTHON, [str(PYTHON), script, *sys.argv[1:]])


class Watch:
    """Processor time and memory of a program with all that it starts, however it does."""

    def __init__(self, mark: str) -> None:
        self.mark = f"GLOSSA_BENCH={mark}".encode()
        self.seconds: Dict[Tuple[int, str], float] = {}
        self.peak = 0
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        while not self.ended.wait(0.5):
            self.look()

    def look(self) -> float:
        """Processor seconds until now."""
        with self.lock:
            pids = {pid for pid, _ in self.seconds}
            memory = 0
            for entry in sorted((int(name) for name in os.listdir("/proc") if name.isdigit())):
                folder = f"/proc/{entry}"
                try:
                    with open(f"{folder}/stat") as file:
                        fields = file.read().rpartition(")")[2].split()
                    # Ray writes its titles over the environment of its workers, which are known by their parents.
                    if entry not in pids and int(fields[1]) not in pids:
                        with open(f"{folder}/environ", "rb") as file:
                            if self.mark not in file.read():
                                continue
                    pids.add(entry)
                    ticks = int(fields[11]) + int(fields[12])
                    self.seconds[entry, fields[19]] = ticks / os.sysconf("SC_CLK_TCK")
                    # Of pages that processes share, each has its part.
                    with open(f"{folder}/smaps_rollup") as file:
                        memory += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
                except (OSError, StopIteration):
                    continue
            self.peak = max(self.peak, memory)
            return sum(self.seconds.values())


class Contender:
    """A program that has been started, and waits for texts."""

    def __init__(self, job: Dict[str, Any], cores: int) -> None:
        self.job = job
        mark = uuid.uuid4().hex
        self.watch = Watch(mark)
        # Spark NLP counts the machine's processors in places, whatever the session has.
        command = ["taskset", "-c", f"0-{cores - 1}", str(PYTHON), str(HERE / "contenders.py"), json.dumps(job)]
        environment = {**os.environ, "GLOSSA_BENCH": mark, "PYTHONPATH": ""}
        start = time.perf_counter()
        pipes: Dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with open(f"{job['out']}.log", "w") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log, **pipes)
        self._expect("ready")
        self.start_up = time.perf_counter() - start
        self.start_up_cpu = self.watch.look()

    def _expect(self, what: str) -> str:
        assert self.process.stdout
        limit = threading.Timer(LONGEST_RUN, self.process.kill)
        limit.start()
        try:
            for line in self.process.stdout:
                if line.startswith(what):
                    return line
        finally:
            limit.cancel()
        raise RuntimeError(f"{self.job['label']} ended, or took over {LONGEST_RUN} s: see {self.job['out']}.log")

    def run(self, texts: Path) -> Tuple[float, float]:
        """Seconds by the clock and of the processors for the texts of a file."""
        assert self.process.stdin
        before = self.watch.look()
        self.process.stdin.write(f"{texts}\n")
        self.process.stdin.flush()
        seconds = float(self._expect(""))
        return seconds, self.watch.look() - before

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)
        self.watch.ended.set()


class CommandLine:
    """The command line, which starts anew for each run: what the start takes is subtracted."""

    def __init__(self, job: Dict[str, Any], cores: int) -> None:
        self.job, self.cores = job, cores
        self.watch = argparse.Namespace(peak=0)
        self.start_up, self.start_up_cpu = self._time(Path(job["warm_up"]))

    def _time(self, texts: Path) -> Tuple[float, float]:
        job = self.job
        flags = [[f"--{name.replace('_', '-')}", str(value).lower()] for name, value in job["options"].items() if value is not True]
        flags += [[f"--{name.replace('_', '-')}"] for name, value in job["options"].items() if value is True]
        command = ["taskset", "-c", f"0-{self.cores - 1}", str(WORK / "venv/bin/glossa"), "annotate", "--model", job["model"]]
        command += ["--threads", str(self.cores), *sum(flags, []), "--to", "jsonl", "--output", job["out"], str(texts)]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"failed: {' '.join(command)}")
        self.watch.peak = max(self.watch.peak, used.ru_maxrss)
        return time.perf_counter() - start, used.ru_utime + used.ru_stime

    def run(self, texts: Path) -> Tuple[float, float]:
        seconds, cpu = self._time(texts)
        return seconds - self.start_up, cpu - self.start_up_cpu

    def end(self) -> None:
        pass



def contenders(model: Path, longest: int, jars: List[str]) -> List[Dict[str, Any]]:
    """What is compared: in f32 with Spark NLP on the same file, in int8 as shipped, and on whole texts, as by default."""
    from contenders import AS_SPARK_NLP

    f32, hugging_face = str(WORK / "model/spark-nlp"), str(WORK / "model/hugging-face")
    first = {"max_sentence_length": longest}
    ways = {"command-line": "command line", "wheel": "annotate_all", "spark": "Spark", "ray": "Ray Data"}
    modes = {
        "f32": (f32, {**AS_SPARK_NLP, **first, "precision": "f32"}),
        "int8": (str(model), {"mode": "truncate", **first}),
        "int8, whole texts": (str(model), {}),
    }
    spark_nlp = {"name": "spark-nlp", "model": f32, "options": first, "batch": 8, "jars": jars}
    jobs = [
        {**spark_nlp, "label": SPARK_NLP[0]},
        {**spark_nlp, "label": SPARK_NLP[1], "session_threads": 1},
        {"name": "by-hand", "label": "onnxruntime in mapInPandas, f32", "model": hugging_face, "options": first, "batch": 32},
    ]
    for mode, (path, options) in modes.items():
        for way, said in ways.items():
            if mode.endswith("texts") and way in ("wheel", "ray"):
                continue
            jobs.append({"name": way, "label": f"Glossa, {said}, {mode}", "model": path, "options": options})
    return jobs


def start(job: Dict[str, Any], cores: int, warm_up: Path):
    return (CommandLine if job["name"] == "command-line" else Contender)({**job, "cores": cores, "warm_up": str(warm_up)}, cores)


Chunks = Dict[Tuple[str, int, int, str], float]
"""Confidences by document, begin, end and entity."""


def chunks_of(out: Path) -> Chunks:
    """What a run has written. The texts are ASCII where this is compared, so that all units of offsets are the same."""
    if out.is_file():
        with out.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
    else:
        import pyarrow.parquet

        rows = pyarrow.parquet.read_table(out).to_pylist()
    found = {}
    for row in rows:
        for chunk in row["chunks"]:
            end, entity, confidence = chunk["end"], chunk.get("entity"), chunk.get("confidence")
            if entity is None:
                # Spark NLP's schema, in which the end is the last character.
                metadata = dict(chunk["metadata"])
                end, entity, confidence = end + 1, metadata["entity"], float(metadata["confidence"])
            found[str(row["id"]), chunk["begin"], end, entity] = confidence
    return found


def agreement(found: Chunks, expected: Chunks) -> str:
    """How many chunks are the same, with confidences equal to 1e-3, of those that either has."""
    same = sum(1 for chunk, confidence in found.items() if abs(expected.get(chunk, 9) - confidence) < 1e-3)
    return f"{same} of {len(found.keys() | expected.keys())}"


def check(jobs: List[Dict[str, Any]], longest: int, found: Dict[str, Chunks]) -> Dict[str, str]:
    """Compares what must be equal: f32 with Spark NLP, what is done by hand with the pipeline of transformers as Glossa has it,
    and the ways to run Glossa with one another."""
    from contenders import AS_TRANSFORMERS

    from glossa_ner import Annotator

    agreed = {}
    annotator = Annotator(WORK / "model/hugging-face", max_sentence_length=longest, precision="f32", **AS_TRANSFORMERS)
    with (WORK / "check.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    outcomes = [(row["id"], annotator.annotate(row["text"])) for row in rows]
    by_hand = {(str(i), c.begin, c.end, c.entity): c.confidence for i, outcome in outcomes for c in outcome.chunks}
    for job in jobs:
        label, mode = job["label"], job["label"].partition(", ")[2].partition(", ")[2]
        if job["name"] == "by-hand":
            expected = by_hand
        else:
            reference = SPARK_NLP[0] if "f32" in label else f"Glossa, command line, {mode}"
            expected = found.get(reference, found[label])
        if found[label] is not expected:
            agreed[label] = agreement(found[label], expected)
    return agreed


def measure(jobs: List[Dict[str, Any]], cores: int, sizes: List[int], options: argparse.Namespace, found: Dict[str, Chunks]) -> List[Dict[str, Any]]:
    """A row for each contender and number of documents."""
    rows = []
    for job in jobs:
        out = WORK / "out"
        shutil.rmtree(out, ignore_errors=True)
        if out.is_file():
            out.unlink()
        contender = start({**job, "out": str(out)}, cores, WORK / "warm-up.jsonl")
        seconds, cpu = contender.run(WORK / "check.jsonl")
        found[job["label"]] = chunks_of(out)
        rate = options.check / seconds
        for size in sizes:
            row = {"label": job["label"], "cores": cores, "documents": size, "start_up": contender.start_up, "start_up_cpu": contender.start_up_cpu}
            if size / rate > 60 * options.minutes:
                row["left_out"] = f"over {options.minutes:g} min"
            else:
                seconds, cpu = contender.run(WORK / f"{size}.jsonl")
                rate = size / seconds
                row.update(seconds=seconds, cpu=cpu, load=os.getloadavg()[0], peak=contender.watch.peak / 1e6)
            print(json.dumps(row), file=sys.stderr, flush=True)
            rows.append(row)
        contender.end()
    return rows


def table(rows: List[Dict[str, Any]], agreed: Dict[str, str]) -> str:
    """The rows in Markdown. Ratios are of documents a second of processor, to those of each Spark NLP on as many cores with as
    many documents, or, where it did not run with so many, with the most that it did."""
    lines = [
        "| | cores | documents | start-up, s | of processor | documents/s | and core | a second of processor | against Spark NLP | and it with one thread | peak, MB | a second of processor and GB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    peers: Dict[Tuple[str, int], Dict[int, float]] = {}
    for row in rows:
        if row["label"] in SPARK_NLP and "cpu" in row:
            peers.setdefault((row["label"], row["cores"]), {})[row["documents"]] = row["documents"] / row["cpu"]
    for row in rows:
        size, cores = row["documents"], row["cores"]
        cells = [row["label"], cores, f"{size:,}", f"{row['start_up']:.1f}", f"{row.get('start_up_cpu', 0):.1f}"]
        if "left_out" in row:
            cells += [f"not run: {row['left_out']}", *[""] * 6]
        else:
            rate, by_cpu = size / row["seconds"], size / row["cpu"]
            cells += [f"{rate:.1f}", f"{rate / cores:.1f}", f"{by_cpu:.1f}"]
            for label in SPARK_NLP:
                peer = peers.get((label, cores), {})
                cells.append(f"{by_cpu / peer.get(size, peer[max(peer)]):.1f}" if peer else "")
            cells += [f"{row['peak'] * 1000:.0f}", f"{by_cpu / row['peak']:.1f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "| chunks that are the same | |", "|---|---|", *(f"| {label} | {same} |" for label, same in agreed.items())]
    return "\n".join(lines)


def medians(rounds: List[List[Dict[str, Any]]]) -> List[Dict[str, Any]]:
    together: Dict[Tuple[str, int, int], List[Dict[str, Any]]] = {}
    for row in sum(rounds, []):
        together.setdefault((row["label"], row["cores"], row["documents"]), []).append(row)
    merged = []
    for rows in together.values():
        ran = [row for row in rows if "cpu" in row] or rows[:1]
        merged.append({key: statistics.median(row[key] for row in ran) if isinstance(value, float) else value for key, value in ran[0].items()})
    return merged


def machine() -> Dict[str, Any]:
    with open("/proc/cpuinfo") as file:
        lines = dict(line.split(":", 1) for line in file.read().replace("\t", "").split("\n") if ":" in line)
    flags = lines["flags"].split()
    kinds = {"avx_vnni": "avx_vnni", "avx512_vnni": "AVX-512 VNNI", "avx2": "AVX2"}
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) / 1e6
    return {"cpu": lines["model name"].strip(), "class": [name for flag, name in kinds.items() if flag in flags], "cores": os.cpu_count(), "memory_gb": round(memory)}


def versions() -> Dict[str, str]:
    from importlib.metadata import version

    names = ["glossa-ner", "pyspark", "spark-nlp", "onnxruntime", "tokenizers", "ray", "pyarrow", "pandas"]
    java = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr.split('"')[1]
    return {**{name: version(name) for name in names}, "java": java, "python": platform.python_version()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20 documents, one round, on all cores")
    parser.add_argument("--sizes", default="100,1000,10000,100000", help="numbers of documents")
    parser.add_argument("--cores", default="1,2", help="numbers of cores")
    parser.add_argument("--rounds", type=int, default=1, help="how often all is measured, each time in another order")
    parser.add_argument("--minutes", type=float, default=2, help="what would take longer, by the contender's last rate, is not run")
    parser.add_argument("--check", type=int, default=100, help="documents whose chunks are compared, before any is timed")
    parser.add_argument("--longest", type=int, default=128, help="word pieces after which a text is cut off: Spark NLP's default")
    parser.add_argument("--only", action="append", metavar="PART", help="a part of the names of the contenders that run; may be given again")
    parser.add_argument("--add", action="store_true", help="keep what earlier runs on this machine have measured and this one does not")
    parser.add_argument("--text", type=Path, help="JSON lines with a `text` each, to take sentences of instead of our own")
    parser.add_argument("--model", type=Path, default=ROOT / "www/models/cellular", help="a bundle of int8 weights")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.cores, options.check = "20", str(os.cpu_count()), 20

    prepare(__file__)
    import models
    import texts

    models.make(options.model, WORK / "model")
    sizes = [int(size) for size in options.sizes.split(",")]
    sentences = texts.sentences_of(options.text)
    # What is compared is ASCII, in which all units of offsets are the same.
    texts.write(WORK / "check.jsonl", options.check, texts.sentences_of(None))
    for size in sizes:
        texts.write(WORK / f"{size}.jsonl", size, sentences)
    jars = [jar for jar in glob.glob(str(WORK / "jars/*.jar")) if "scala-library" not in jar]
    jobs = [job for job in contenders(options.model.resolve(), options.longest, jars) if any(part in job["label"] for part in options.only or [""])]

    rounds, agreed = [], {}
    for number in range(options.rounds):
        rows: List[Dict[str, Any]] = []
        for cores in map(int, options.cores.split(",")):
            texts.write(WORK / "warm-up.jsonl", cores, sentences)
            found: Dict[str, Chunks] = {}
            rows += measure(jobs if number % 2 == 0 else jobs[::-1], cores, sizes, options, found)
            agreed = check(jobs, options.longest, found)
        rounds.append(rows)
    rows, commands, results = medians(rounds), [" ".join(sys.argv)], WORK / "scale.json"
    if options.add and results.exists():
        earlier = json.loads(results.read_text(encoding="utf-8"))
        anew = {(row["label"], row["cores"], row["documents"]) for row in rows}
        rows += [row for row in earlier["rows"] if (row["label"], row["cores"], row["documents"]) not in anew]
        commands, agreed = earlier["commands"] + commands, {**earlier["same_chunks"], **agreed}
    order = [job["label"] for job in contenders(options.model, options.longest, [])]
    rows.sort(key=lambda row: (row["cores"], row["documents"], order.index(row["label"])))
    result = {"commands": commands, "machine": machine(), "versions": versions(), "rows": rows, "same_chunks": agreed}
    results.write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(json.dumps({key: value for key, value in result.items() if key not in ("rows", "same_chunks")}))
    print(table(rows, agreed))


if __name__ == "__main__":
    main()
