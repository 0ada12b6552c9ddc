"""Writes glossa_ner/_options.py, the names and types of the options, from www/glossa/options.schema.json.

With --check it writes nothing, and fails if the file is not what it would write.
"""

import json
import re
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).parent
SCHEMA = HERE.parent / "www/glossa/options.schema.json"
TARGET = HERE / "glossa_ner/_options.py"

HEADER = '''"""The options. Made from www/glossa/options.schema.json by `python python/make_options.py`."""

from __future__ import annotations

from typing import Dict, List, Literal, TypedDict
'''


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda capital: "_" + capital[1].lower(), name)


def kind(name, schema):
    if "oneOf" in schema:
        return "Literal[{}]".format(", ".join(json.dumps(one["const"]) for one in schema["oneOf"]))
    if schema["type"] == "object":
        return "TokenizerOptions" if name == "tokenizer" else "Dict[str, {}]".format(kind("", schema["additionalProperties"]))
    if schema["type"] == "array":
        return f"List[{kind('', schema['items'])}]"
    return {"boolean": "bool", "integer": "int", "number": "float", "string": "str"}[schema["type"]]


def described(schema):
    lines = [" ".join(schema.get("description", "").split())]
    lines += [f"`{one['const']}`: {' '.join(one['description'].split())}" for one in schema.get("oneOf", [])]
    if "minimum" in schema and "maximum" in schema:
        lines.append(f"From {schema['minimum']} to {schema['maximum']}.")
    if "default" in schema:
        lines.append(f"Default: `{json.dumps(schema['default'])}`.")
    for i, line in enumerate(lines):
        # Python's names of options; those of values are as everywhere.
        lines[i] = re.sub(r"`([a-z]+[A-Z][A-Za-z]*)`", lambda match: f"`{names.get(match[1], match[1])}`", line)
    return lines


def typed(title, schema, note):
    out = [f"\n\n\nclass {title}(TypedDict, total=False):", f'    """{note}"""', ""]
    for name, one in schema["properties"].items():
        out.append(f"    {snake(name)}: {kind(name, one)}")
        paragraphs = described(one)
        wrapped = [textwrap.fill(text, 120, initial_indent="    ", subsequent_indent="    ") for text in paragraphs]
        text = "\n".join(wrapped).replace("\\", "\\\\").strip()
        out.append(f'    """{text}"""')
        if "x-spark" in one:
            out += [f"    {snake(one['x-spark'])}: {kind(name, one)}", f'    """Spark NLP\'s name of `{snake(name)}`."""']
    return "\n".join(out)


schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
groups = [schema["load"], schema["annotate"], schema["load"]["properties"]["tokenizer"]]
names = {name: snake(name) for group in groups for name in group["properties"]}
made = HEADER.rstrip()
made += typed("TokenizerOptions", groups[2], "Spark NLP's Tokenizer parameters.")
made += typed("LoadOptions", groups[0], "Options of loading a model.")
made += typed("AnnotateOptions", groups[1], "Options of annotating a text.")
made += '\n\n\nclass Options(LoadOptions, AnnotateOptions, total=False):\n    """All options: those of loading a model, and those of annotating a text, for every call."""\n'
if "--check" not in sys.argv:
    TARGET.write_text(made, encoding="utf-8")
elif TARGET.read_text(encoding="utf-8") != made:
    sys.exit("python/glossa_ner/_options.py is not what options.schema.json says: run python python/make_options.py")
