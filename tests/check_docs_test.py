#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_docs_test: scripts/check-docs accepts a tree whose documents are right and names each kind of fault."""

import re
import subprocess
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

sys.dont_write_bytecode = True
SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "check-docs"
FIGURES = SourceFileLoader("check_docs", str(SCRIPT)).load_module().FIGURES

FIGURE_TEXTS = ["arguments of 16 KiB or more stay", "more than 50 ms shorter", "bulk string of 64 KiB",
                "into 768 bytes inside the connection", "at most 256 KiB per turn", "Requests up to 64 KiB",
                "at most 0.75 s at once", "At most 32 handshakes", "nothing for 200 ms loses its permit",
                "`min_idle` again: every 250 ms", "second one starts after 1 s"]
FIGURE_CODE = ["external_threshold = 16 * 1024", "slack = 50ms", "large_bulk = 64 * 1024", "inline_size = 768;",
               "max_bytes_read_per_turn = std::size_t{256} * 1024",
               "largest_shared_request = std::size_t{64} * 1024", "milliseconds limit{750};",
               "permits_per_process = 32;", "default_patience{200}", "refill_every = 250ms",
               "first_patience = std::chrono::seconds(1)"]


class CheckDocs(unittest.TestCase):
    def tree(self):
        """Path -> text of a repository without a fault."""
        return {
            "docs/README.md": "[a](architecture.md) [b](glossary.md)\n\n1. [First](adr/0001-first.md)\n",
            "docs/architecture.md": "# Architecture\n\n`core/a.hpp` `src/*/a.cpp`\n\n## Layers\n\n```\ncore  observe  pool\n```\n\n"
                                    "## Error texts\n\n`pool/a.cpp`\n\n## Figures\n\n" + "\n".join(FIGURE_TEXTS) + "\n",
            "docs/glossary.md": "- **lease** (`Lease`): a.\n- **pool**: b,\n  c (`LeasePool`).\n",
            "docs/adr/0001-first.md": "# 1. First\n",
            "include/redstart/core/a.hpp": "\n".join(FIGURE_CODE) + "\n",
            "include/redstart/observe/event.hpp": "    {EventKind::lease_overdue, 1},\n",
            "src/pool/a.hpp": "class Lease {\nstruct LeasePool final : Lease {\n",
            "src/pool/a.cpp": "info.what = text;\n",
        }

    def check(self, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            run = subprocess.run([sys.executable, SCRIPT, root], capture_output=True, text=True)
            self.assertEqual(run.stderr, "")
            return run.returncode, run.stdout

    def assert_fault(self, fault, name, old, new):
        files = self.tree()
        files[name] = files.get(name, "").replace(old, new) if old else new
        code, output = self.check(files)
        self.assertEqual(code, 1, output)
        self.assertIn(fault, output)

    def test_a_right_tree_passes(self):
        self.assertEqual(len(FIGURES), len(FIGURE_TEXTS))
        self.assertEqual(self.check(self.tree()), (0, "check-docs: 4 documents, 0 faults\n"))

    def test_paths(self):
        self.assert_fault("there is no core/b.hpp", "docs/architecture.md", "core/a.hpp", "core/b.hpp")
        self.assert_fault("there is no src/*/b.cpp", "docs/architecture.md", "src/*/a.cpp", "src/*/b.cpp")
        self.assert_fault("there is no scripts/x", "README.md", "", "`scripts/x`\n")

    def test_layers(self):
        self.assert_fault("the layers of include/redstart are", "docs/architecture.md", "core  observe", "observe  core")
        self.assert_fault("the layer net is missing", "src/net/a.cpp", "", "\n")
        self.assert_fault("the layer net is no folder", "docs/architecture.md", "observe  pool", "observe  net  pool")

    def test_error_texts(self):
        self.assert_fault("src/pool/b.cpp sets the text", "src/pool/b.cpp", "", "info.what += text;\n")
        self.assert_fault("src/pool/a.cpp sets no text", "src/pool/a.cpp", "what", "advice")

    def test_figures(self):
        for stated, defined, _ in FIGURES:
            text = next(text for text in FIGURE_TEXTS if re.search(stated, text))
            self.assert_fault(f"states `{text}", "include/redstart/core/a.hpp",
                              *next((code, re.sub(r"[1-9]+", "9", code, count=1)) for code in FIGURE_CODE
                                    if re.search(defined, code)))
        self.assert_fault("no text matches", "docs/architecture.md", "At most 32 handshakes", "")

    def test_index(self):
        self.assert_fault("b.md is missing", "docs/b.md", "", "# B\n")
        self.assert_fault("1. [Second]", "docs/adr/0001-first.md", "First", "Second")
        self.assert_fault("no decision adr/0002", "docs/README.md", "1. ", "2. [X](adr/0002-x.md)\n1. ")

    def test_glossary(self):
        self.assert_fault("`lease` stands behind `pool`", "docs/glossary.md", "**pool**: b", "**pool**: b\n- **lease**: d")
        self.assert_fault("names Grant, which does not exist", "docs/glossary.md", "`Lease`", "`Grant`")

    def test_names(self):
        self.assert_fault("`shop` of LeaseShop", "src/pool/a.hpp", "class Lease {", "class Lease {\nclass LeaseShop {")
        self.assert_fault("`lent` of lease_lent", "include/redstart/observe/event.hpp", "lease_overdue", "lease_lent")


if __name__ == "__main__":
    unittest.main()
