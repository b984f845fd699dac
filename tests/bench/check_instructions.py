#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# check_instructions.py: compares instructions per operation, counted by callgrind, with budgets.
"""usage: check_instructions.py PROGRAM [--set NAME] [--budgets FILE] [--compiler NAME] [--update] [--filter SUBSTRING]

Runs PROGRAM (codec_instructions, or command_instructions with --set commands) twice for each operation under
`valgrind --tool=callgrind`. Divides the difference of the instruction counts by the difference of the iterations. Exit
code 0: all are within budget; 1: some are not; 77: no measurement here (no valgrind, or no budgets for this compiler).
--update writes the measured counts plus 10 % as the new budgets."""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HEADROOM = 1.10


def instructions(program, operation, times):
    with tempfile.NamedTemporaryFile() as out:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", program, operation, str(times)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr}")
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("--budgets", type=pathlib.Path, default=here / "instruction_budgets.json")
    parser.add_argument("--set", default="codec", help="which budgets: codec (default) or commands")
    parser.add_argument("--compiler", default="gcc", help="which budgets count: gcc (default) or clang")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--filter", default="")
    options = parser.parse_args()

    if shutil.which("valgrind") is None:
        print("check_instructions: skipped, because there is no valgrind (install the package valgrind)")
        return 77
    all_budgets = json.loads(options.budgets.read_text())
    budgets = all_budgets[options.set].get(options.compiler)
    if budgets is None:
        print(f"check_instructions: skipped, because there are no {options.set} budgets for {options.compiler}")
        return 77

    def per_operation(operation):
        few, many = (10, 60) if "1000" in operation else (1000, 6000)
        difference = instructions(options.program, operation, many) - instructions(options.program, operation, few)
        return difference / (many - few)

    over = False
    print(f"{'operation':<26}{'instructions':>13}{'budget':>9}")
    for operation, budget in budgets.items():
        if options.filter not in operation:
            continue
        count = per_operation(operation)
        for _ in range(0 if options.update else 2):  # with threads, some runs count more; a regression is in every run
            if count > budget:
                count = min(count, per_operation(operation))
        verdict = ""
        if options.update:
            budgets[operation] = round(count * HEADROOM)
        elif count > budget:
            over = True
            verdict = "  OVER"
        print(f"{operation:<26}{count:>13.1f}{budgets[operation]:>9}{verdict}")
    if options.update:
        options.budgets.write_text(json.dumps(all_budgets, indent=2) + "\n")
    if over:
        print("Over budget: make it cheaper, or raise the budget with --update and explain it in the commit.")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
