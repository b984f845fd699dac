#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# check_rows.py: each row of the fault catalogue has a test by its number, or says that it comes later.
"""usage: check_rows.py ROOT"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
DOCUMENT = "docs/faults.md"
ROWS = 84        # rows from 1 to here are all there
FIRST_FOUND = 87  # rows from here on: a fault of files, and faults found from outside; 85 and 86 are reserved
faults = []


def documented():
    """Number of a row -> what its last column says."""
    rows = {}
    for line in (ROOT / DOCUMENT).read_text(encoding="utf-8").splitlines():
        if not re.match(r"\| *\d+ *\|", line):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        number = int(cells[0])
        if number in rows:
            faults.append(f"{DOCUMENT}: row {number} is there twice")
        if len(cells) != 4 or not all(cells):
            faults.append(f"{DOCUMENT}: row {number} needs four columns with text")
        rows[number] = cells[-1]
    return rows


def tested():
    """Number of a row -> files with a suite of that number."""
    rows = {}
    for path in sorted((ROOT / "tests/faults").rglob("*_test.cpp")):
        suites = set(re.findall(r"^(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),", path.read_text(encoding="utf-8"), re.M))
        if not suites:
            faults.append(f"{path.relative_to(ROOT)}: no tests found")
        for suite in suites:
            number = re.match(r"Fault(\d{2,3})(?!\d)", suite)
            if number:
                rows.setdefault(int(number.group(1)), []).append(path.name)
            else:
                faults.append(f"{path.relative_to(ROOT)}: the suite {suite} is not named Fault and its number")
    return rows


def main():
    table, tests = documented(), tested()
    found = {number for number in (*table, *tests) if number >= FIRST_FOUND}
    for number in [*range(1, ROWS + 1), *sorted(found)]:
        if number not in table:
            faults.append(f"{DOCUMENT}: row {number} is missing")
        elif table[number].startswith("later") and number in tests:
            faults.append(f"{DOCUMENT}: row {number} says later, and is tested in {', '.join(tests[number])}")
        elif not table[number].startswith("later") and number not in tests:
            faults.append(f"tests/faults: no suite Fault{number:02}")
    for number in sorted({*table, *tests} - set(range(1, ROWS + 1)) - found):
        faults.append(f"row {number} is not in the catalogue")
    for fault in faults:
        print(fault)
    later = sum(text.startswith("later") for text in table.values())
    print(f"check_rows: {len(table)} rows, {len(tests)} with tests, {later} later, {len(faults)} faults")
    sys.exit(1 if faults else 0)


main()
