#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_health: compares the health reports of tests/data with their schema, and the schema with docs/health.md.

    check_health.py json | docs   ROOT

json   each golden form fits its schema, and no changed one does (needs the package python3-jsonschema)
docs   the table of docs/health.md is that of the schema, and the list of warnings has every code of the sources

A unit test compares the golden file with what the library writes. Prints one line for each fault. Exits with 1 if there
is any, and with 77 if the package is missing.
"""

import copy
import json
import re
import sys
from pathlib import Path

SKIPPED = 77
OPEN = ("checks", "output", "observedValue", "observedUnit", "notes")  # keys are open, or the field is optional


def paths(value, path=()):
    """The path of each field of `value`, of the first element of each list only."""
    if isinstance(value, dict):
        for name, field in value.items():
            if name not in OPEN:
                yield (*path, name)
                yield from paths(field, (*path, name))
    elif isinstance(value, list) and value:
        yield from paths(value[0], (*path, 0))


def changed(value):
    """Each copy of `value` that lacks one field, has it with another type, or has one more beside it."""
    for path in paths(value):
        for change in ("lack", "type", "more"):
            other = copy.deepcopy(value)
            place = other
            for step in path[:-1]:
                place = place[step]
            if change == "lack":
                del place[path[-1]]
            elif change == "type":
                place[path[-1]] = {"not": "a value"}
            else:
                place["unexpected"] = 1
            yield "/".join(map(str, path)) + " " + change, other


def check_json(root):
    try:
        import jsonschema
    except ImportError:
        print("check_health: the package python3-jsonschema is not installed")
        sys.exit(SKIPPED)
    schema = json.loads((root / "docs/health.schema.json").read_text(encoding="utf-8"))
    validator_class = getattr(jsonschema, "Draft202012Validator", jsonschema.Draft7Validator)
    validator_class.check_schema(schema)
    golden = json.loads((root / "tests/data/health.json").read_text(encoding="utf-8"))
    count = 0
    for name, form in golden.items():
        validator = validator_class({**schema, "$ref": f"#/$defs/{name}"})
        for error in validator.iter_errors(form):
            yield f"{name}/{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for change, other in changed(form):
            count += 1
            if validator.is_valid(other):
                yield f"the schema accepts {name} after: {change}"
    if count < 100:
        yield f"only {count} changes were tried"


def rows_below(text, heading):
    section = text.split(f"\n## {heading}\n")[-1].split("\n## ")[0]
    return [tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in section.splitlines()
            if line.startswith("| `")]


def check_docs(root):
    document = (root / "docs/health.md").read_text(encoding="utf-8")
    schema = json.loads((root / "docs/health.schema.json").read_text(encoding="utf-8"))
    expected = {(f"`{name}`", f"`{field}`", facts["description"]) for name, thing in schema["$defs"].items()
                for field, facts in thing["properties"].items() if "description" in facts}
    listed = rows_below(document, "JSON")
    for row in sorted(expected - set(listed)):
        yield f"docs/health.md lacks | {' | '.join(row)} |"
    for row in sorted(set(listed) - expected):
        yield f"docs/health.md describes what there is not: | {' | '.join(row)} |"
    if len(listed) != len(set(listed)):
        yield "docs/health.md has a row twice"
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted((root / "src/health").glob("*.cpp")))
    codes = set(re.findall(r'\(\s*\{"(\w+)",', sources))
    described = {row[0].strip("`") for row in rows_below(document, "Warnings")}
    if codes != described or len(codes) < 5:
        yield f"warnings: the sources have {sorted(codes)}, docs/health.md has {sorted(described)}"


def main():
    kind, root = sys.argv[1], Path(sys.argv[2])
    faults = list({"json": check_json, "docs": check_docs}[kind](root))
    for fault in faults:
        print(fault)
    print(f"check_health {kind}: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
