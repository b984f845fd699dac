#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_routes: asks every route of a service while 64 threads work, and compares its counters with what was done.

    check_routes.py PROGRAM ROOT     PROGRAM: page_service

- Each answer in JSON fits its schema (needs the package python3-jsonschema).
- promtool, if it is installed, accepts the metrics.
- The counters add up to the commands of the threads and of the scripts that fail.
- 10,000 error words that scripts invent don't add a series.

Prints one line for each fault. Exits with 1 if there is any, and with 77 if something that it needs is missing.
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import checks  # noqa: E402
from page_service import PageService, eventually  # noqa: E402

SECTIONS = ("connectivity", "performance", "server-info", "connection-pool", "operational")
FORMS = {  # the definition of docs/health.schema.json for each route
    "/health/ready": "ready",
    "/health/live": "live",
    "/health/startup": "startup",
    "/debug/health/redis": "report",
    **{f"/debug/health/redis/{section}": f"section_{section}" for section in SECTIONS},
}
WORDS = 10_000


def samples(text):
    """The value of each series, by its name and labels."""
    return {series: float(value) for series, value in re.findall(r"^([^#\s][^\n]*) (\S+)$", text, re.M)}


def total(series, name):
    return sum(value for key, value in series.items() if re.match(re.escape(name) + r"(\{|$)", key))


def metrics(service):
    status, body = service.get("/metrics")
    return samples(body) if status == 200 else {}


def counted_commands(service):
    return json.loads(service.get("/status.json")[1])["databases"][0]["commands"]


def check_forms(service, validator):
    for path, form in FORMS.items():
        status, body = service.get(path)
        if status != 200:
            yield f"{path}: status {status}"
        yield from checks.faults_of(validator(form), json.loads(body), path)
    status, body = service.get("/health", Accept="application/health+json")
    yield from checks.faults_of(validator("draft"), json.loads(body), "/health as a draft")
    health = json.loads(service.get("/health")[1])
    if set(health) != {"status", "healthy", "services", "timestamp"} or not health["healthy"]:
        yield f"/health: {health}"
    for path, beginning in {"/livez": "ok", "/readyz": "ok", "/": "<!doctype html>", "/status": "<!doctype html>"}.items():
        status, body = service.get(path)
        if status != 200 or not body.startswith(beginning):
            yield f"{path}: status {status}, {body[:80]}"


def check_at_work(service, validator):
    if not eventually(lambda: counted_commands(service) > 0):
        yield "no thread works"
    before = 0
    for _ in range(10):
        yield from check_forms(service, validator)
        counted = counted_commands(service)
        if counted < before:
            yield f"/status.json: {before} commands became {counted}"
        before = counted
        if total(metrics(service), "redstart_commands_ok_total") < counted:
            yield f"/metrics: less than the {counted} commands of /status.json, which was asked before"
    yield from checks.promtool_faults(service.get("/metrics")[1]) or []


def check_sums(service, commands, errors):
    page, series = json.loads(service.get("/status.json")[1])["databases"][0], metrics(service)
    expected = {
        "/status.json commands": (page["commands"], commands + errors),
        "/status.json errors": (page["errors"], errors),
        **{name: (total(series, name), value) for name, value in {
            "redstart_commands_ok_total": commands,
            "redstart_commands_failed_total": 0,
            "redstart_commands_server_errors_total": errors,
            "redis_client_errors_total": errors,
            "db_client_operation_duration_seconds_count": commands + errors,
        }.items()},
    }
    for name, (found, wanted) in expected.items():
        if found != wanted:
            yield f"{name} is {found} instead of {wanted}"


def check_words(service, commands):
    service.run("errors 1")
    before = metrics(service)
    service.run(f"errors {WORDS - 1}")
    after = metrics(service)
    for series in sorted(set(after) - set(before)):
        yield f"a new series: {series}"
    other = {key: value for key, value in after.items() if key.startswith("redis_client_errors_total") and '"_OTHER"' in key}
    if list(other.values()) != [WORDS]:
        yield f"invented words are not counted in one series: {other}"
    yield from check_sums(service, commands, WORDS)
    yield from checks.promtool_faults(service.get("/metrics")[1]) or []


def check(program, root):
    validator = checks.validators(root / "docs/health.schema.json")
    with PageService(program) as service:
        if not eventually(lambda: service.get("/health/startup")[0] == 200):
            yield "/health/startup is never 200"
        service.run("work 64")
        yield from check_at_work(service, validator)
        commands = int(service.run("stop"))
        yield from check_sums(service, commands, 0)
        yield from check_words(service, commands)


if __name__ == "__main__":
    sys.exit(checks.report("check_routes", check(sys.argv[1], Path(sys.argv[2]))))
