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
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import checks  # noqa: E402


def objects(schema):
    """(name, object) for the statistics as a whole and each object in them."""
    yield "manager", schema
    yield from schema["$defs"].items()


def check_json(root):
    validator = checks.validators(root / "docs/statistics.schema.json")()
    golden = json.loads((root / "tests/data/statistics.json").read_text(encoding="utf-8"))
    yield from checks.faults_of(validator, golden)
    golden["databases"][0]["operations"]["errors"] = {}  # its keys are open
    count = 0
    for change, other in checks.changed_copies(golden):
        count += 1
        if validator.is_valid(other):
            yield f"the schema accepts the statistics after: {change}"
    if count < 100:
        yield f"only {count} changes were tried"


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
    listed = checks.rows_below(document, "JSON")
    exposition = root / "tests/data/statistics.prom"
    pairs = [(expected, listed)]
    if exposition.exists():
        common = {"db_system_name", "db_namespace", "server_address", "server_port"}
        series = {(f"`{name}`", kind, ", ".join(f"`{label}`" for label in sorted(labels - common)), text)
                  for name, kind, text, labels in families(exposition.read_text(encoding="utf-8"))}
        pairs.append((series, checks.rows_below(document, "Prometheus")))
    for wanted, found in pairs:
        for row in sorted(wanted - set(found)):
            yield f"docs/statistics.md lacks | {' | '.join(row)} |"
        for row in sorted(set(found) - wanted):
            yield f"docs/statistics.md describes what there is not: | {' | '.join(row)} |"
        if len(found) != len(set(found)):
            yield "docs/statistics.md has a row twice"


def check_prometheus(root):
    faults = checks.promtool_faults((root / "tests/data/statistics.prom").read_text(encoding="utf-8"))
    if faults is None:
        checks.skip("promtool is not installed")
    yield from faults


def main():
    kind, root = sys.argv[1], Path(sys.argv[2])
    check = {"json": check_json, "docs": check_docs, "prometheus": check_prometheus}[kind]
    return checks.report(f"check_statistics {kind}", check(root))


if __name__ == "__main__":
    sys.exit(main())
