#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_deploy: compares the files of deploy/ with the series, labels, routes and variables of the library.

    check_deploy.py ROOT

- Alert rules and the dashboard use only series and labels that docs/statistics.md lists. promtool, if it is there, accepts
  the rules.
- Probes ask routes of docs/http.md.
- Variables named REDIS… are in .env.example or docs/configuration.md.
- Each alert is described in docs/monitoring.md, and each runbook link leads somewhere.

Prints one line for each fault; exits with 1 if there is any.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

SERIES = re.compile(r"\b(?:redstart|redis_client|db_client)_[a-z_]+\b")
HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")
# Of Prometheus itself, and those that all series of a database have.
COMMON = {"job", "instance", "le", "db_system_name", "db_namespace", "server_address", "server_port", "version"}


def listed_series(root):
    """The series of docs/statistics.md, with their labels."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (counter|gauge|histogram) \|([^|]*)\|",
                      (root / "docs/statistics.md").read_text(encoding="utf-8"), re.M)
    return {name: (kind, set(re.findall(r"`([a-z_]+)`", labels)) | COMMON) for name, kind, labels in rows}


def check_expression(where, text, series):
    known = set()
    for name in SERIES.findall(re.sub(r"\{[^}]*\}|by \([^)]*\)|on \([^)]*\)", "", text)):
        base = name if name in series else HISTOGRAM.sub("", name)
        if base not in series:
            yield f"{where}: there is no series {name}"
            continue
        kind, labels = series[base]
        if name != base and kind != "histogram":
            yield f"{where}: {base} is no histogram"
        if name == base and kind == "histogram":
            yield f"{where}: {base} is a histogram: use _bucket, _sum or _count"
        known |= labels
    used = set(re.findall(r"([a-z_]+) *(?:=~|!~|!=|=(?!=))", " ".join(re.findall(r"\{([^}]*)\}", text))))
    for group in re.findall(r"(?:by|on) \(([^)]*)\)", text):
        used |= {label.strip() for label in group.split(",")}
    for label in sorted(used - known):
        yield f"{where}: no series of the expression has the label {label}"


def check_alerts(root, series):
    path = root / "deploy/prometheus-alerts.yaml"
    text = path.read_text(encoding="utf-8")
    described = (root / "docs/monitoring.md").read_text(encoding="utf-8")
    for name, expression in re.findall(r"alert: (\w+)\n +expr: (.*)", text):
        yield from check_expression(f"{path.name}: {name}", expression, series)
        if f"`{name}`" not in described:
            yield f"docs/monitoring.md does not describe {name}"
    for target in re.findall(r"runbook: (\S+)", text):
        page, _, anchor = target.partition("#")
        content = (root / page).read_text(encoding="utf-8")
        headings = {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")
                    for heading in re.findall(r"^#+ (.*)$", content, re.M)}
        if anchor and anchor not in headings:
            yield f"{path.name}: {page} has no heading #{anchor}"
    promtool = shutil.which("promtool")
    if promtool:
        result = subprocess.run([promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            yield f"promtool: {result.stdout}{result.stderr}"


def check_dashboard(root, series):
    dashboard = json.loads((root / "deploy/grafana-dashboard.json").read_text(encoding="utf-8"))
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        yield "grafana-dashboard.json: two panels have the same id"
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            expression = re.sub(r'job=~"\$job",db_namespace=~"\$database"', 'job="a",db_namespace="b"', target["expr"])
            yield from check_expression(f"grafana-dashboard.json: {panel['title']}", expression, series)


def check_probes_and_variables(root):
    routes = (root / "docs/http.md").read_text(encoding="utf-8")
    variables = "".join((root / name).read_text(encoding="utf-8") for name in (".env.example", "docs/configuration.md"))
    for path in sorted((root / "deploy").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        for route in re.findall(r"httpGet: \{path: ([^,]+),|metrics_path: (\S+)|:8080(/\S*?)[\"\s]", text):
            name = next(filter(None, route))
            if f"`{name}`" not in routes:
                yield f"{path.name}: docs/http.md has no route {name}"
        for variable in set(re.findall(r"\bREDIS_\w+\b", text)):
            # REDIS__MAIN__CLIENT_NAME is documented as REDIS__<DATABASE>__CLIENT_NAME.
            forms = {variable, re.sub(r"^REDIS__[A-Z]+__", "REDIS__<DATABASE>__", variable),
                     re.sub(r"^REDIS__[A-Z]+__", "REDIS__", variable)}
            if not any(form in variables for form in forms):
                yield f"{path.name}: the variable {variable} is not documented"


def main():
    root = Path(sys.argv[1])
    series = listed_series(root)
    faults = [*check_alerts(root, series), *check_dashboard(root, series), *check_probes_and_variables(root)]
    for fault in faults:
        print(fault)
    print(f"check_deploy: {len(series)} series known, {len(faults)} faults")
    return 1 if faults or not series else 0


if __name__ == "__main__":
    sys.exit(main())
