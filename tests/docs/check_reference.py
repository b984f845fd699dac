#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# check_reference.py: compares the documents with the code: links, error codes, settings, sizes.
"""usage: check_reference.py ROOT"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
faults = []


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def enumerators(header, name):
    body = re.search(rf"enum class {name}\b[^{{]*{{(.*?)}};", read(header), re.S).group(1)
    return re.findall(r"^\s*(\w+)\s*(?:=[^,]*)?,?\s*(?:///<.*)?$", body, re.M)


def members(header, struct):
    """The names of the data members of a struct."""
    body = re.search(rf"^struct {struct} {{(.*?)^}};", read(header), re.S | re.M).group(1)
    body = re.sub(r"//.*", "", body)
    return re.findall(r"^  [\w:<>]+(?:<[\w:]+>)? (\w+)\s*(?:{[^;]*}|=[^;]*)?;", body, re.M)


def table_codes(document):
    """The names in back quotes in the first column of the document's tables."""
    rows = re.findall(r"^\| `([^`]+)` \|", read(document), re.M)
    return [row.split(".")[-1] for row in rows]


def check_errc_table():
    """errors.md has the meanings of errc_table, and lists the codes of Unavailable."""
    text = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
    rows = re.findall(r'{Errc::(\w+),\s*"\w+",\s*(\w+),\s*\w+,\s*BreakerVerdict::\w+,\s*' + text + ",",
                      read("include/redstart/core/errc.hpp"))
    if len(rows) < 15:
        faults.append("core/errc.hpp: hardly any rows of errc_table found, the check is broken")
    document = read("docs/errors.md")
    meanings = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| [^|]* \| ([^|]*) \|", document.split("## Codes")[1], re.M))
    for code, _, meaning in rows:
        meaning = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', meaning))
        if meanings.get(code) != meaning:
            faults.append(f"docs/errors.md: the meaning of {code} is \"{meaning}\" in errc_table")
    unavailable = [code for code, unavailable, _ in rows if unavailable == "true"]
    listed = re.findall(r"`(\w+)`", re.search(r"^\| `Unavailable` \|(.*)$", document, re.M).group(1))
    if listed != unavailable:
        faults.append(f"docs/errors.md: the codes of Unavailable are {', '.join(unavailable)} in errc_table")


def check_errors():
    in_code = enumerators("include/redstart/core/errc.hpp", "Errc")
    in_document = re.findall(r"^\| `(\w+)` \|", read("docs/errors.md").split("## Codes")[1], re.M)
    if len(in_code) < 15:
        faults.append("core/errc.hpp: hardly any codes found, the check is broken")
    for code in in_code:
        if code not in in_document:
            faults.append(f"docs/errors.md: the code {code} is missing")
    for code in in_document:
        if code not in in_code:
            faults.append(f"docs/errors.md: there is no code {code}")
    check_errc_table()
    for name in ("Effect", "Remedy"):
        for word in enumerators("include/redstart/core/errc.hpp", name):
            if f"`{word}`" not in read("docs/errors.md"):
                faults.append(f"docs/errors.md: {name}::{word} is not explained")


def check_runbook():
    """Every code, every error word that the library knows and every state has its entry."""
    entries = set(map(anchor, re.findall(r"^### (.*)$", read("docs/runbook.md"), re.M)))
    words = re.findall(r'{"(\w+)", Remedy::', read("include/redstart/core/server_reply.hpp"))
    if len(words) < 10:
        faults.append("core/server_reply.hpp: hardly any error words found, the check is broken")
    words += re.findall(r'entry \+= "(\w+)"', read("src/core/explain.cpp"))
    for name in [*enumerators("include/redstart/core/errc.hpp", "Errc"), *map(str.lower, words),
                 *enumerators("include/redstart/observe/stats.hpp", "ConnectionState")]:
        if name not in entries:
            faults.append(f"docs/runbook.md: the entry {name} is missing")


def check_events():
    """Every event has its row, under its name in logs; every reason to close a connection as well."""
    header = "include/redstart/observe/event.hpp"
    kinds = re.findall(r"^  (\w+),\s*///<", re.search(r"enum class EventKind.*?};", read(header), re.S).group(0), re.M)
    names = dict(re.findall(r'{EventKind::(\w+), "([\w.]+)", EventLevel::', read(header)))
    rows = dict(re.findall(r"^\| `(redis\.[\w.]+)` \| `(\w+)` \| ", read("docs/events.md"), re.M))
    if len(kinds) < 15 or sorted(kinds) != sorted(names):
        faults.append(f"{header}: enumerators and their names differ, or the check is broken")
    for kind, name in names.items():
        if rows.pop(name, None) != kind:
            faults.append(f"docs/events.md: the event {name} ({kind}) is missing")
    for name in rows:
        faults.append(f"docs/events.md: there is no event {name}")
    reasons = re.findall(r"^\| `(\w+)` \|", read("docs/events.md").split("## Reasons")[1], re.M)
    for word in re.findall(r'case CloseReason::\w+: return "(\w+)"', read("include/redstart/observe/stats.hpp")):
        if word not in reasons:
            faults.append(f"docs/events.md: the reason {word} is missing")


def check_rehearsal():
    """The example to be copied is the one that runs as a test."""
    block = next(iter(re.findall(r"```cpp\n(#include <redstart/sync.*?)```", read("docs/testing.md"), re.S)), "nothing")
    if not read("examples/rehearsal.cpp").endswith(block):
        faults.append("docs/testing.md: the complete test differs from examples/rehearsal.cpp")


def check_settings():
    header = "include/redstart/config/redis_config.hpp"
    documented = table_codes("docs/configuration.md")
    for struct in ("RedisConfig", "DatabaseConfig", "Timeouts", "Keepalive"):
        found = members(header, struct)
        if len(found) < 3:
            faults.append(f"{header}: hardly any members of {struct} found, the check is broken")
        for member in found:
            if member not in documented and f"`{member}" not in read("docs/configuration.md"):
                faults.append(f"docs/configuration.md: {struct}::{member} is missing")


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def check_links(document):
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.S)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        there = (document.parent / path) if path else document
        if not there.exists():
            faults.append(f"{document.relative_to(ROOT)}: the link to {target} leads nowhere")
        elif fragment and there.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.M)
            if fragment not in map(anchor, headings):
                faults.append(f"{document.relative_to(ROOT)}: {target} names no heading")


def main():
    check_errors()
    check_runbook()
    check_events()
    check_rehearsal()
    check_settings()
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for document in documents:
        check_links(document)
    if len(read("README.md").splitlines()) >= 250:
        faults.append("README.md: has 250 lines or more")
    for fault in faults:
        print(fault)
    print(f"check_reference: {len(documents)} documents, {len(faults)} faults")
    sys.exit(1 if faults else 0)


main()
