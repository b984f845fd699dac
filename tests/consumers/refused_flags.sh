#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# refused_flags.sh COMPILER INCLUDE_FLAGS: unsupported flags lead to one error that names the reason.
set -eu
compiler=$1
shift

# expect TEXT FLAG…: a program compiled with FLAG… has one error, and it contains TEXT.
expect() {
  text=$1
  shift
  for header in sync async json redstart; do
    if message=$(printf '#include <redstart/%s.hpp>\n' "$header" |
      "$compiler" "$@" $includes -x c++ -fsyntax-only - 2>&1); then
      echo "redstart/$header.hpp compiles with $*, but must not"
      exit 1
    fi
    errors=$(printf '%s\n' "$message" | grep -c 'error:')
    case "$message" in
      *"$text"*) [ "$errors" -eq 1 ] && continue ;;
    esac
    echo "redstart/$header.hpp with $*: expected one error that contains \"$text\", got $errors:"
    printf '%s\n' "$message"
    exit 1
  done
}

includes=$*
expect 'Redstart needs C++20' -std=c++17
expect 'Redstart reports errors by exceptions' -std=c++20 -fno-exceptions
