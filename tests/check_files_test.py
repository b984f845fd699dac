#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_files_test: scripts/check-files accepts what obeys its rules and names each kind of fault."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "check-files"
LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


class CheckFiles(unittest.TestCase):
    def check(self, name, text, head=None):
        with tempfile.TemporaryDirectory() as root:
            path = Path(root, name)
            path.parent.mkdir(parents=True)
            path.write_text((f"{LICENCE}// {path.name}: a file.\n" if head is None else head) + text)
            run = subprocess.run([sys.executable, SCRIPT, root], capture_output=True, text=True)
            return run.returncode, run.stdout

    def assert_fault(self, name, text, where, head=None):
        code, output = self.check(name, text, head)
        self.assertEqual(code, 1, output)
        self.assertIn(where, output)

    def test_good_files_pass(self):
        self.assertEqual(self.check("include/redstart/core/a.hpp", "#pragma once\n")[0], 0)
        self.assertEqual(self.check("src/observe/deliver.cpp", "listener.on_event(event);\n")[0], 0)
        self.assertEqual(self.check("src/pool/a.cpp", "// listener.on_event(event) is for deliver\n")[0], 0)

    def test_headings(self):
        self.assert_fault("src/core/a.cpp", "", "a.cpp:1:", "// a.cpp: no licence.\n")
        self.assert_fault("src/core/a.cpp", "", "a.cpp:2:", LICENCE + "// b.cpp: another name.\n")
        self.assert_fault("src/core/a.hpp", "", "a.hpp:1:")

    def test_text_of_peers_has_one_place(self):
        self.assert_fault("src/pool/a.cpp", "listener_->on_event({kind, text});\n", "a.cpp:3:")
        self.assert_fault("src/pool/a.cpp", "\nauto mode = protocol::info_field(text, \"mode\");\n", "a.cpp:4:")
        self.assert_fault("src/net/a.cpp", "X509_NAME_oneline(name, text, size);\n", "a.cpp:3:")
        self.assert_fault("src/net/a.cpp", "std::cerr << error.what();\n", "a.cpp:3:")

    def test_nothing_to_check_is_a_fault(self):
        with tempfile.TemporaryDirectory() as root:
            self.assertEqual(subprocess.run([sys.executable, SCRIPT, root], capture_output=True).returncode, 1)


if __name__ == "__main__":
    unittest.main()
