#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_doctor: compares the output of redis_doctor with its schema, and docs/doctor.md with both.

    check_doctor.py PROGRAM ROOT

A redis-server must listen at REDIS_URL; scripts/with-redis starts one. Prints one line for each fault. Exits with 1 if there
is any, and with 77 if the package python3-jsonschema is missing.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path


def run(program, *arguments, **variables):
    environment = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run([program, *arguments], capture_output=True, text=True, env=environment, cwd="/", check=False)
    return done.returncode, done.stdout


def cases(program):
    """(name, expected exit code, exit code, output) of runs in different situations."""
    working = os.environ["REDIS_URL"]
    yield "healthy", 0, *run(program, "--json", REDIS_URL=working)
    yield "refused", 2, *run(program, "--json", REDIS_URL="redis://127.0.0.1:1")
    yield "notice", 1, *run(program, "--json", REDIS_URL=working, REDIS__DECODE_RESPONSES="yes")
    yield "faults", 3, *run(program, "--json", REDIS_PORT="70000", REDIS__CACHE__HOSTS="a")


def check_output(program, root):
    try:
        import jsonschema
    except ImportError:
        print("check_doctor: the package python3-jsonschema is not installed")
        sys.exit(77)
    schema = json.loads((root / "docs/doctor.schema.json").read_text(encoding="utf-8"))
    validator_class = getattr(jsonschema, "Draft202012Validator", jsonschema.Draft7Validator)
    validator_class.check_schema(schema)
    for name, expected, code, output in cases(program):
        if code != expected:
            yield f"{name}: exit code {code} instead of {expected}: {output}"
            continue
        for error in validator_class(schema).iter_errors(json.loads(output)):
            yield f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message}"


def check_document(program, root):
    document = (root / "docs/doctor.md").read_text(encoding="utf-8")
    schema = json.loads((root / "docs/doctor.schema.json").read_text(encoding="utf-8"))
    options = set(re.findall(r"--[a-z]+", run(program, "--help")[1]))
    described = set(re.findall(r"^\| `(?:-\w, )?(--[a-z]+)", document, re.M))
    for option in sorted(options ^ described):
        yield f"docs/doctor.md: the option {option} is " + ("missing" if option in options else "no option")
    steps = re.findall(r"^\| `([a-z]+)` \|", document, re.M)
    if steps != schema["$defs"]["name"]["enum"]:
        yield f"docs/doctor.md: the steps are {', '.join(schema['$defs']['name']['enum'])}"
    entries = set(re.findall(r"^### (\w+)$", (root / "docs/runbook.md").read_text(encoding="utf-8").lower(), re.M))
    sources = "".join(path.read_text(encoding="utf-8") for path in (root / "tools/redis_doctor").glob("*_steps.cpp"))
    links = set(re.findall(r'docs/runbook\.md#(\w+)"|"(\w+)"\);$', sources, re.M))
    names = {name for pair in links for name in pair if name}
    if len(names) < 8:
        yield "hardly any links to the runbook found, the check is broken"
    for name in sorted(names - entries):
        yield f"docs/runbook.md: the entry {name} is missing"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    faults = [*check_document(program, root), *check_output(program, root)]
    for fault in faults:
        print(fault)
    print(f"check_doctor: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
