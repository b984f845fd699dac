#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usdt.sh COMPILER FLAG…: with REDSTART_WITH_USDT a program has the four probes, and without it none.
# Exits with 77 if sys/sdt.h or readelf is missing.
set -euo pipefail

compiler=$1
shift
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

command -v readelf >/dev/null || { echo "usdt.sh: readelf is not installed"; exit 77; }
if ! echo '#include <sys/sdt.h>' | "$compiler" -x c++ -fsyntax-only - 2>/dev/null; then
  echo "usdt.sh: sys/sdt.h is missing (package systemtap-sdt-dev)"
  exit 77
fi

echo '#include <redstart/src.hpp>' >"$build/redstart.cpp"
flags=(-std=c++20 -O0 -Wall -Wextra -Werror -Wno-mismatched-new-delete "$@")
probes() { readelf -n "$1" | sed -n '/Provider: redstart$/{n;s/^ *Name: //p}' | sort -u | tr '\n' ' '; }

"$compiler" "${flags[@]}" -DREDSTART_WITH_USDT=1 -c "$build/redstart.cpp" -o "$build/with.o"
found=$(probes "$build/with.o")
echo "probes: $found"
[ "$found" = "decoded first_byte sent submit " ]
