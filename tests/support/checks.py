# SPDX-License-Identifier: Apache-2.0
"""checks: what the checks of JSON, documents and metrics share."""

import copy
import json
import re
import shutil
import subprocess
import sys

SKIPPED = 77
LINT_OF_PROMTOOL = 3  # the exit code of promtool for findings about names
# The name is that of OpenTelemetry, so this finding stays.
ACCEPTED = 'db_client_connection_count non-histogram and non-summary metrics should not have "_count" suffix'


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def validators(path):
    """Returns a function that returns the validator of a definition of the schema at `path`; without a name, of the whole."""
    try:
        import jsonschema
    except ImportError:
        skip("the package python3-jsonschema is not installed")
    schema = json.loads(path.read_text(encoding="utf-8"))
    validator_class = getattr(jsonschema, "Draft202012Validator", jsonschema.Draft7Validator)
    validator_class.check_schema(schema)
    return lambda name="": validator_class({**schema, "$ref": f"#/$defs/{name}"} if name else schema)


def faults_of(validator, value, name=""):
    """A line for each violation of the schema."""
    for error in validator.iter_errors(value):
        yield f"{'/'.join(map(str, [name, *error.absolute_path])).lstrip('/')}: {error.message}"


def paths(value, is_open, path=()):
    """The path of each field of `value`, of the first element of each list only. Fields whose name is in `is_open` are left out."""
    if isinstance(value, dict):
        for name, field in value.items():
            if name not in is_open:
                yield (*path, name)
                yield from paths(field, is_open, (*path, name))
    elif isinstance(value, list) and value:
        yield from paths(value[0], is_open, (*path, 0))


def changed_copies(value, is_open=()):
    """(change, copy): each copy of `value` that lacks one field, has it with another type, or has one more beside it."""
    for path in paths(value, is_open):
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


def rows_below(text, heading):
    """The cells of each row of the tables below a heading of the second level whose first cell is code."""
    section = text.split(f"\n## {heading}\n")[-1].split("\n## ")[0]
    return [tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in section.splitlines()
            if line.startswith("| `")]


def promtool_faults(text):
    """A line for each finding of promtool about an exposition; None if promtool is not installed."""
    promtool = shutil.which("promtool")
    if promtool is None:
        return None
    run = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    found = [f"promtool: {line}" for line in (run.stdout + run.stderr).splitlines() if line.strip() not in ("", ACCEPTED)]
    if run.returncode not in (0, LINT_OF_PROMTOOL):
        found.append(f"promtool exits with {run.returncode}")
    return found


def report(name, faults):
    """Prints the faults. Returns the exit code."""
    faults = list(faults)
    for fault in faults:
        print(fault)
    print(f"{name}: {len(faults)} faults")
    return 1 if faults else 0
