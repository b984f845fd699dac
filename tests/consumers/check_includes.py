#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_includes HEADER COMPILER FLAG…: the header reaches none of the headers that are slow to compile.

For each one that it does reach, prints the chain of includes that leads there.
"""

import re
import subprocess
import sys

SLOW_STANDARD = set("""functional thread mutex condition_variable ranges algorithm unordered_map map iostream
                       future regex""".split())
SLOW_LIBRARY = re.compile(r"/(boost|nlohmann|spdlog)/")


def is_slow(path):
    folder, _, name = path.rpartition("/")
    return (name in SLOW_STANDARD and re.search(r"/c\+\+/(v?\d+)$", folder)) or SLOW_LIBRARY.search(path)


def main():
    header, compiler, *flags = sys.argv[1:]
    run = subprocess.run([compiler, "-std=c++20", "-x", "c++", "-H", "-fsyntax-only", *flags, "-"],
                         input=f"#include <{header}>\n", capture_output=True, text=True)
    if run.returncode != 0:
        print(run.stderr)
        return 1

    chain, reached, faults = [], 0, 0
    for line in run.stderr.splitlines():
        if not (match := re.match(r"(\.+) (.+)", line)):
            continue
        depth, path = len(match[1]), match[2]
        chain[depth - 1:] = [path]
        reached += 1
        if is_slow(path):
            faults += 1
            print("\n  -> ".join(chain))
    print(f"{header} reaches {reached} headers, {faults} of them slow to compile")
    return 0 if reached and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
