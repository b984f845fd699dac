#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""yardstick_test: each workload of redstart_yardstick prints its line with every figure, and rejects unknown input.

usage: scripts/with-redis yardstick_test.py REDSTART_YARDSTICK
"""

import os
import re
import subprocess
import sys

FIELDS = ("client", "tag", "ops_s", "p50", "p99", "cpu", "user", "sys", "allocs", "MBs", "hwm_mb", "ops")
WORKLOADS = ("w=W1", "w=W1 unix=1", "w=W2 t=4", "w=W3 n=4", "n=64 w=W3", "w=W4 P=10 cmd=GET",
             "w=W4 P=10 cmd=SET", "w=W5 size=100000 cmd=SET", "w=W5 size=100000 cmd=GET", "w=W6", "flat=1 w=W6")


def commands():
    """The keys that the workloads read, as redis-cli takes them."""
    for i in range(1024):
        yield f"SET key:{i:012d} {'v' * 32}"
    for _ in range(100):
        yield "RPUSH biglist" + f" {'v' * 32}" * 1000


def check(program, environment):
    for workload in WORKLOADS:
        words = [program, *workload.split(), "tag=T", "dur=0.02", "warm=0.01"]
        run = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
        line = re.fullmatch(r"R (.*)\n", run.stdout)
        if run.returncode != 0 or not line:
            sys.exit(f"{workload}: exit code {run.returncode}: {run.stdout}{run.stderr}")
        row = dict(field.split("=", 1) for field in line[1].split())
        missing = [name for name in FIELDS if name not in row]
        expected = "redstart-flat" if "flat" in workload else "redstart"
        if missing or row["client"] != expected or float(row["ops_s"]) <= 0:
            sys.exit(f"{workload}: missing {missing} in {run.stdout}")
    for words in (["w=W99"], ["nonsense"]):
        run = subprocess.run([program, *words], env=environment, capture_output=True, text=True, timeout=60)
        if run.returncode != 2 or len(run.stderr.splitlines()) != 1:
            sys.exit(f"{words}: expected exit code 2 and one line, not {run.returncode}: {run.stderr}")
    help_text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    if "usage:" not in help_text:
        sys.exit("--help prints nothing")


def main():
    socket = os.environ["REDSTART_TEST_SOCKET"]
    port = os.environ["REDIS_URL"].rsplit(":", 1)[1]
    subprocess.run(["redis-cli", "-s", socket], input="\n".join(commands()), text=True, check=True,
                   stdout=subprocess.DEVNULL)
    check(sys.argv[1], dict(os.environ, YARD_PORT=port, YARD_SOCK=socket))


if __name__ == "__main__":
    main()
