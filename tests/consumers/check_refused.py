#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_refused SOURCE COMPILER FLAG…: the source does not compile, and for the reason that it names.

The source says `// expect: REGEX`, which the compiler's message must match. With -DREDSTART_CONTROL it must compile,
so that a mistake elsewhere in it can't pass for the refusal.
"""

import re
import subprocess
import sys


def main():
    source, compiler, *flags = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        expected = re.search(r"^// expect: (.+)$", file.read(), re.MULTILINE)
    if not expected:
        print(f"{source}: no line `// expect: REGEX`")
        return 1

    def compile_with(*more):
        return subprocess.run([compiler, "-std=c++20", "-fsyntax-only", *flags, *more, source],
                              capture_output=True, text=True)

    control = compile_with("-DREDSTART_CONTROL")
    if control.returncode != 0:
        print(f"{source} does not even compile with -DREDSTART_CONTROL:\n{control.stderr}")
        return 1
    refused = compile_with()
    if refused.returncode == 0:
        print(f"{source} compiles, but must not")
        return 1
    if not re.search(expected[1], refused.stderr):
        print(f"{source} is refused, but no message matches `{expected[1]}`:\n{refused.stderr}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
