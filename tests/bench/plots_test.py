#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plots_test: plots.py draws every chart of plots/fixture.json, leaves out charts without rows, and says if gnuplot is
missing. Exit code 77 without gnuplot."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
FIXTURE = HERE / "plots" / "fixture.json"


def plots(*arguments, path=os.environ["PATH"]):
    return subprocess.run([sys.executable, HERE / "plots.py", *arguments], capture_output=True, text=True,
                          env=dict(os.environ, PATH=path))


class Plots(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def texts(self, chart):
        """Every text of a chart, and the names of its series."""
        tree = xml.etree.ElementTree.parse(self.folder / "out" / f"{chart}.svg")
        return {(element.text or "").strip() for element in tree.iter() if element.tag.endswith(("text", "title"))}

    def draw(self, document):
        run = plots(document, self.folder / "out")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_draws_each_series_of_the_fixture(self):
        self.draw(FIXTURE)
        expected = {
            "ratios": {"Redstart compared with hiredis", "times hiredis", "Redstart", "target", "GET, two cores", "0.98",
                       "LRANGE of 100,000 into vector<string>", "3.55"},
            "callers": {"Many callers at once", "callers", "thousand commands per second", "Redstart, coroutines",
                        "Redstart, threads", "hiredis, callbacks", "hiredis, threads", "8", "64"},
            "pipelines": {"Pipelines by depth", "commands in a pipeline", "Redstart GET", "Redstart SET", "hiredis GET",
                          "hiredis SET", "100", "1000"},
            "large_values": {"Large values", "MB/s", "hiredis", "Redstart", "SET of 64 MiB", "441", "1518"},
            "decoder": {"Decoding replies", "ns per reply", "hiredis", "Redstart", "bulk of 32 bytes", "39.6", "5.03"},
        }
        self.assertEqual({path.stem for path in (self.folder / "out").iterdir()}, set(expected))
        for chart, texts in expected.items():
            with self.subTest(chart):
                self.assertLessEqual(texts, self.texts(chart))

    def test_only_rates_are_compared_with_hiredis(self):
        self.draw(FIXTURE)
        self.assertFalse({"… processor time of the client, each", "decode a bulk of 32 bytes"} & self.texts("ratios"))

    def test_leaves_out_charts_without_rows(self):
        rows = [row for row in json.loads(FIXTURE.read_text(encoding="utf-8"))["rows"] if row["id"] == "decoder.bulk"]
        document = self.folder / "run.json"
        document.write_text(json.dumps({"rows": rows}), encoding="utf-8")
        self.draw(document)
        self.assertEqual([path.name for path in (self.folder / "out").iterdir()], ["decoder.svg"])

    def test_names_the_package_if_gnuplot_is_missing(self):
        run = plots("--check", path=str(self.folder))
        self.assertEqual(run.returncode, 77)
        self.assertIn("gnuplot-nox", run.stderr)


if __name__ == "__main__":
    if shutil.which("gnuplot") is None:
        print("plots_test: skipped, as there is no gnuplot (Debian: apt-get install gnuplot-nox)")
        sys.exit(77)
    unittest.main()
