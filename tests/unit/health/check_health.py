#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_health: compares the health reports of tests/data with their schema, and the schema with docs/health.md.

    check_health.py json | docs   ROOT

json   each golden form fits its schema, and no changed one does (needs the package python3-jsonschema)
docs   the table of docs/health.md is that of the schema, and the list of warnings has every code of the sources

A unit test compares the golden file with what the library writes. Prints one line for each fault. Exits with 1 if there
is any, and with 77 if the package is missing.
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import checks  # noqa: E402

OPEN = ("checks", "output", "observedValue", "observedUnit", "notes")  # keys are open, or the field is optional


def check_json(root):
    validator = checks.validators(root / "docs/health.schema.json")
    golden = json.loads((root / "tests/data/health.json").read_text(encoding="utf-8"))
    count = 0
    for name, form in golden.items():
        yield from checks.faults_of(validator(name), form, name)
        for change, other in checks.changed_copies(form, OPEN):
            count += 1
            if validator(name).is_valid(other):
                yield f"the schema accepts {name} after: {change}"
    if count < 100:
        yield f"only {count} changes were tried"


def check_docs(root):
    document = (root / "docs/health.md").read_text(encoding="utf-8")
    schema = json.loads((root / "docs/health.schema.json").read_text(encoding="utf-8"))
    expected = {(f"`{name}`", f"`{field}`", facts["description"]) for name, thing in schema["$defs"].items()
                for field, facts in thing["properties"].items() if "description" in facts}
    listed = checks.rows_below(document, "JSON")
    for row in sorted(expected - set(listed)):
        yield f"docs/health.md lacks | {' | '.join(row)} |"
    for row in sorted(set(listed) - expected):
        yield f"docs/health.md describes what there is not: | {' | '.join(row)} |"
    if len(listed) != len(set(listed)):
        yield "docs/health.md has a row twice"
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted((root / "src/health").glob("*.cpp")))
    codes = set(re.findall(r'\(\s*\{"(\w+)",', sources))
    described = {row[0].strip("`") for row in checks.rows_below(document, "Warnings")}
    if codes != described or len(codes) < 5:
        yield f"warnings: the sources have {sorted(codes)}, docs/health.md has {sorted(described)}"


def main():
    kind, root = sys.argv[1], Path(sys.argv[2])
    return checks.report(f"check_health {kind}", {"json": check_json, "docs": check_docs}[kind](root))


if __name__ == "__main__":
    sys.exit(main())
