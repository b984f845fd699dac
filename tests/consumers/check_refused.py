#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_refused SOURCE COMPILER FLAG…: the source does not compile, and for the reason that it names.

The source says `// expect: REGEX`, which the compiler's message must match. With -DREDSTART_CONTROL it must compile,
so that a mistake elsewhere in it can't pass for the refusal. A source with `// cases: N` holds N refusals: it is
compiled with -DREDSTART_CASE=1 to N, each of which must be refused, and with all of them in its control.
`// errors: N` limits the number of errors for one refusal. The headers of the source are compiled once for all cases.
"""

import os
import re
import subprocess
import sys
import tempfile


def main():
    source, compiler, *flags = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        text = file.read()

    def setting(name):
        found = re.search(rf"^// {name}: (.+)$", text, re.MULTILINE)
        return found[1] if found else None

    if not setting("expect"):
        print(f"{source}: no line `// expect: REGEX`")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        return check(source, setting, [compiler, "-std=c++20", *flags], precompiled(text, folder))


def precompiled(text, folder):
    """A header with the includes of a source."""
    header = os.path.join(folder, "headers.hpp")
    with open(header, "w", encoding="utf-8") as file:
        file.write("\n".join(re.findall(r"^#include .+$", text, re.MULTILINE)) + "\n")
    return header


def check(source, setting, command, headers):
    subprocess.run([*command, "-x", "c++-header", headers, "-o", headers + ".gch"], check=True)

    def compile_with(*more):
        return subprocess.run([*command, "-fsyntax-only", "-include", headers, *more, source],
                              capture_output=True, text=True)

    control = compile_with("-DREDSTART_CONTROL")
    if control.returncode != 0:
        print(f"{source} does not even compile with -DREDSTART_CONTROL:\n{control.stderr}")
        return 1
    expected, cases = setting("expect"), setting("cases")
    failed = 0
    for define in [f"-DREDSTART_CASE={case}" for case in range(1, int(cases) + 1)] if cases else [None]:
        refused = compile_with(*([define] if define else []))
        name = f"{source} {define}" if define else source
        errors = len(re.findall(r"\berror: ", refused.stderr))
        if refused.returncode == 0:
            print(f"{name} compiles, but must not")
        elif not re.search(expected, refused.stderr):
            print(f"{name} is refused, but no message matches `{expected}`:\n{refused.stderr}")
        elif (most := setting("errors")) and errors > int(most):
            print(f"{name} is refused with {errors} errors instead of {most}:\n{refused.stderr}")
        else:
            continue
        failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
