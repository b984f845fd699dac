#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# plots.py: draws the charts of a benchmark run with gnuplot.
"""usage: plots.py FILE DIR | plots.py --check

Reads the JSON that `redstart_bench --json FILE` writes and draws its charts as SVG files in DIR. A chart is left out if
none of its rows was measured. --check only looks for gnuplot. Exit code 77 if gnuplot is missing."""
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def ratios(rows):
    """Every throughput of the run, as a multiple of what hiredis does."""
    table = [(row["what"].split(" (hiredis")[0], row["ratio"], row.get("ratio_at_least", 0))
             for row in rows.values() if row["unit"].endswith("/s")]
    return dict(kind="ratios", title="Redstart compared with hiredis",
                subtitle="Throughput in the same run, hiredis = 1 (dashed line); longer is better",
                unit="times hiredis"), table


def pairs(title, subtitle, unit, bars):
    """Bars of hiredis and Redstart, side by side."""
    def chart(rows):
        table = [(label, rows[name]["hiredis"], rows[name]["redstart"]) for name, label in bars.items() if name in rows]
        return dict(kind="pairs", title=title, subtitle=subtitle, unit=unit), table
    return chart


def lines(title, subtitle, x_label, names, sizes, first, second):
    """Four lines over `sizes`: Redstart and hiredis, each for the rows `first` and `second` plus the size."""
    def chart(rows):
        def value(prefix, size, client):
            return rows.get(f"{prefix}{size}", {}).get(client, "NaN")
        table = [(size, *(value(prefix, size, client) for client in ("redstart", "hiredis") for prefix in (first, second)))
                 for size in sizes if f"{first}{size}" in rows or f"{second}{size}" in rows]
        return dict(kind="lines", title=title, subtitle=subtitle, unit="thousand commands per second", x_label=x_label,
                    **{f"name{i}": name for i, name in enumerate(names, 1)}), table
    return chart


CHARTS = {
    "ratios": ratios,
    "callers": lines("Many callers at once",
                     "GET; threads share one client object (hiredis: a connection each), coroutines one connection;"
                     " higher is better",
                     "callers", ("Redstart, coroutines", "Redstart, threads", "hiredis, callbacks", "hiredis, threads"),
                     (2, 8, 12, 16, 24, 64, 256, 1024), "W3.n", "W2.t"),
    "pipelines": lines("Pipelines by depth", "16-byte keys, 32-byte values, one connection; higher is better",
                       "commands in a pipeline", ("Redstart GET", "Redstart SET", "hiredis GET", "hiredis SET"),
                       (10, 100, 1000, 10000), "W4.GET.", "W4.SET."),
    "large_values": pairs("Large values", "One value at a time; longer is better", "MB/s",
                          {"W5.SET.1MiB": "SET of 1 MiB", "W5.GET.1MiB": "GET of 1 MiB",
                           "W5.SET.64MiB": "SET of 64 MiB", "W5.GET.64MiB": "GET of 64 MiB"}),
    "decoder": pairs("Decoding replies",
                     "From received bytes to string views (hiredis: to its objects); shorter is better",
                     "ns per reply",
                     {"decoder.bulk": "bulk of 32 bytes", "decoder.array": "array of 10 bulks",
                      "decoder.nested": "4 arrays of 10 bulks"}),
}


def quoted(value):
    return value if isinstance(value, (int, float)) or value == "NaN" else json.dumps(value, ensure_ascii=False)


def script(settings, table, path):
    """The input of gnuplot: the settings as variables, the table as a data block, then the file that draws it."""
    kind = settings.pop("kind")
    for name, value in {**settings, "rows": len(table), "path": str(path)}.items():
        yield f"{name} = {quoted(value)}"
    yield "$table << END_OF_TABLE"
    for row in table:
        yield "\t".join(str(quoted(value)) for value in row)
    yield "END_OF_TABLE"
    yield f'load "{kind}.gp"'


def main():
    check_only = sys.argv[1:] == ["--check"]
    if len(sys.argv) != 3 and not check_only:
        print(__doc__, file=sys.stderr)
        return 2
    if shutil.which("gnuplot") is None:
        print("plots.py: gnuplot is missing (Debian: apt-get install gnuplot-nox)", file=sys.stderr)
        return 77
    if check_only:
        return 0
    document = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows = {row["id"]: row for row in document["rows"]}
    folder = pathlib.Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name, chart in CHARTS.items():
        settings, table = chart(rows)
        if table:
            commands = "\n".join(script(settings, table, folder / f"{name}.svg"))
            drawn = subprocess.run(["gnuplot"], input=commands, text=True, encoding="utf-8", cwd=HERE / "plots")
            if drawn.returncode != 0:
                print(f"plots.py: gnuplot failed to draw {name}.svg", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
