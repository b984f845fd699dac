#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pkg_config.sh COMPILER PKGCONFIG_FOLDER SOURCE: builds and runs SOURCE with the flags of pkg-config alone.
set -eu
export PKG_CONFIG_PATH="$2"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
set -x
# shellcheck disable=SC2046
"$1" -std=c++20 $(pkg-config --cflags redstart) "$3" $(pkg-config --libs redstart) -o "$out/program"
LD_LIBRARY_PATH="$(pkg-config --variable=libdir redstart)" "$out/program"
