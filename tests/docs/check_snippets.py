#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# check_snippets.py: compiles every ```cpp block of the documents: programs as they are, fragments in a function.
"""usage: check_snippets.py COMPILER FLAGS DOCUMENT…

A block that begins with #include is a program. Any other is a fragment: it is put into a function that knows `redis` (a
manager), `db` (a client), `async` (an asynchronous one), `context` (an io_context) and `config`, with
std::chrono_literals, `asio` and everything of the library included; one that awaits is put into a coroutine. Lines are
counted in the document, so that the compiler's messages name the right place. FLAGS is one argument, blank-separated.
"""
import re
import subprocess
import sys
import tempfile

PROLOGUE = """
#include <redstart/redstart.hpp>
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <future>
#include <iostream>
#include <map>
#include <memory_resource>
using namespace std::chrono_literals;
namespace asio = boost::asio;
"""
FUNCTION = """
[[maybe_unused]] static {returns} fragment_{n}([[maybe_unused]] redstart::RedisConnectionManager& redis,
                                          [[maybe_unused]] const redstart::Client& db,
                                          [[maybe_unused]] const redstart::AsyncClient& async,
                                          [[maybe_unused]] asio::io_context& context,
                                          [[maybe_unused]] redstart::RedisConfig& config) {{
"""
# Warnings that a short example may cause and a program should not.
LENIENT = ["-Wno-unused-variable", "-Wno-unused-but-set-variable", "-Wno-shadow"]
# A coroutine inside a lambda is taken for one in a header, because #line names another file.
LENIENT += ["-Wno-subobject-linkage", "-Wno-unknown-warning-option"]


def blocks(path):
    """(line of the first line of code, text) of each block."""
    text = open(path, encoding="utf-8").read()
    for match in re.finditer(r"^```cpp\n(.*?)^```", text, re.M | re.S):
        yield text.count("\n", 0, match.start(1)) + 1, match.group(1)


def compiles(compiler, flags, sources):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp", encoding="utf-8") as file:
        file.write(sources)
        file.flush()
        done = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *LENIENT,
                               *flags, file.name], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"a block does not compile\n{done.stderr}")
    return done.returncode == 0


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    compiler, flags, documents = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
    count, good = 0, True
    fragments = PROLOGUE
    for path in documents:
        for line, text in blocks(path):
            count += 1
            place = f'#line {line} "{path}"\n'
            if text.lstrip().startswith("#include"):
                good &= compiles(compiler, flags, place + text)
            else:
                # One that writes down a coroutine of its own awaits in there.
                awaits = re.search(r"^[^/\n]*\bco_(await|return)\b", text, re.M) and "awaitable<" not in text
                returns = "asio::awaitable<void>" if awaits else "void"
                fragments += FUNCTION.format(n=count, returns=returns) + place + text + "}\n"
    good &= compiles(compiler, flags, fragments)
    print(f"check_snippets: {count} blocks in {len(documents)} documents")
    if count == 0:
        print("no block was found: is the extraction broken?")
    sys.exit(0 if good and count > 0 else 1)


main()
