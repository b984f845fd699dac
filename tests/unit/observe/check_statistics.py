#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_statistics: compares the statistics of tests/data with their schema, promtool and docs/statistics.md.

    check_statistics.py json | docs | prometheus   ROOT

json        the golden file fits the schema, and no changed one does (needs the package python3-jsonschema)
docs        the tables of docs/statistics.md are those of the schema and of the golden exposition
prometheus  promtool accepts the golden exposition (needs promtool, of the package prometheus)

Unit tests compare the golden files with what the library writes. Prints one line for each fault. Exits with 1 if there
is any, and with 77 if a tool is missing.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

SKIPPED = 77
LINT_OF_PROMTOOL = 3  # the exit code of promtool for findings about names
# The name is that of OpenTelemetry, so this finding stays.
ACCEPTED = 'db_client_connection_count non-histogram and non-summary metrics should not have "_count" suffix'


def objects(schema):
    """(name, object) for the statistics as a whole and each object in them."""
    yield "manager", schema
    yield from schema["$defs"].items()


def changed(value):
    """Each copy of `value` that lacks one field, or has one more, or one of another type."""
    if isinstance(value, dict):
        yield {**value, "unexpected": 1}
        for name, field in value.items():
            rest = {other: part for other, part in value.items() if other != name}
            yield rest
            yield {**rest, name: {"not": "a value"} if not isinstance(field, dict) else 1}
            for part in changed(field):
                yield {**rest, name: part}
    elif isinstance(value, list):
        for i, item in enumerate(value):
            for part in changed(item):
                yield value[:i] + [part] + value[i + 1:]


def check_json(root):
    try:
        import jsonschema
    except ImportError:
        print("check_statistics: the package python3-jsonschema is not installed")
        sys.exit(SKIPPED)
    schema = json.loads((root / "docs/statistics.schema.json").read_text(encoding="utf-8"))
    validator_class = getattr(jsonschema, "Draft202012Validator", jsonschema.Draft7Validator)
    validator_class.check_schema(schema)
    validator = validator_class(schema)
    golden = json.loads((root / "tests/data/statistics.json").read_text(encoding="utf-8"))
    for error in validator.iter_errors(golden):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
    # Only the first elements, so that each object is changed once; and no object whose keys are open.
    golden["databases"] = golden["databases"][:1]
    operations = golden["databases"][0]["operations"]
    operations.update(errors={}, commands=operations["commands"][:1])
    count = 0
    for other in changed(golden):
        count += 1
        if validator.is_valid(other) and other["databases"][0].get("operations", {}).get("errors") == {}:
            yield f"the schema accepts {json.dumps(other)[:300]}"
    if count < 100:
        yield f"only {count} changes were tried"


def rows_below(text, heading):
    section = text.split(f"\n## {heading}\n")[-1].split("\n## ")[0]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in section.splitlines()
            if line.startswith("| `")]
    return rows


def described_fields(schema):
    for name, thing in objects(schema):
        for field, facts in thing["properties"].items():
            if name != "closed":  # docs/events.md describes the reasons
                yield f"`{name}`", f"`{field}`", facts["description"]


def families(text):
    """(name, type, help, labels) of each family of an exposition."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"# (HELP|TYPE) (\w+) (.*)$", line):
            found.setdefault(match[2], {"labels": set()})[match[1]] = match[3]
        elif match := re.match(r"(\w+)(?:\{(.*)\})? ", line):
            name = match[1] if match[1] in found else re.sub(r"_(bucket|sum|count)$", "", match[1])
            found[name]["labels"].update(re.findall(r'(\w+)="', match[2] or ""))
    for name, facts in found.items():
        yield name, facts["TYPE"], facts["HELP"], facts["labels"] - {"le"}


def check_docs(root):
    document = (root / "docs/statistics.md").read_text(encoding="utf-8")
    schema = json.loads((root / "docs/statistics.schema.json").read_text(encoding="utf-8"))
    expected = set(described_fields(schema))
    listed = [tuple(row) for row in rows_below(document, "JSON")]
    exposition = root / "tests/data/statistics.prom"
    pairs = [(expected, listed)]
    if exposition.exists():
        common = {"db_system_name", "db_namespace", "server_address", "server_port"}
        series = {(f"`{name}`", kind, ", ".join(f"`{label}`" for label in sorted(labels - common)), text)
                  for name, kind, text, labels in families(exposition.read_text(encoding="utf-8"))}
        pairs.append((series, [tuple(row) for row in rows_below(document, "Prometheus")]))
    for wanted, found in pairs:
        for row in sorted(wanted - set(found)):
            yield f"docs/statistics.md lacks | {' | '.join(row)} |"
        for row in sorted(set(found) - wanted):
            yield f"docs/statistics.md describes what there is not: | {' | '.join(row)} |"
        if len(found) != len(set(found)):
            yield "docs/statistics.md has a row twice"


def check_prometheus(root):
    promtool = shutil.which("promtool")
    if promtool is None:
        print("check_statistics: promtool is not installed")
        sys.exit(SKIPPED)
    text = (root / "tests/data/statistics.prom").read_text(encoding="utf-8")
    run = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    findings = (run.stdout + run.stderr).splitlines()
    if run.returncode not in (0, LINT_OF_PROMTOOL):
        yield f"promtool exits with {run.returncode}"
    for line in findings:
        if line.strip() and line.strip() != ACCEPTED:
            yield f"promtool: {line}"


def main():
    kind, root = sys.argv[1], Path(sys.argv[2])
    check = {"json": check_json, "docs": check_docs, "prometheus": check_prometheus}[kind]
    faults = list(check(root))
    for fault in faults:
        print(fault)
    print(f"check_statistics {kind}: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
