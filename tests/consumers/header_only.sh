#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# header_only.sh COMPILER PREFIX PROGRAM FLAG…: PROGRAM from installed headers alone: no library of ours, no CMake.
set -euo pipefail

compiler=$1 prefix=$2 program=$3
shift 3
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

# Only the headers: a copy of the installed include directory, so that nothing beside it can be found.
cp -r "$prefix/include" "$build/include"
echo '#include <redstart/src.hpp>' >"$build/redstart.cpp"
flags=(-std=c++20 -O0 -Wall -Wextra -Werror -Wno-mismatched-new-delete -I"$build/include" "$@")

TIMEFORMAT='header_only.sh: compiling src.hpp took %U s of processor time'
time "$compiler" "${flags[@]}" -c "$build/redstart.cpp" -o "$build/redstart.o"
"$compiler" "${flags[@]}" "$program" "$build/redstart.o" -o "$build/program" -lssl -lcrypto -lyaml-cpp -pthread
"$build/program"

# Without TLS and files, and without OpenSSL and yaml-cpp: checked without generating code.
"$compiler" "${flags[@]}" -DREDSTART_WITH_TLS=0 -DREDSTART_WITH_YAML=0 -fsyntax-only "$build/redstart.cpp"
