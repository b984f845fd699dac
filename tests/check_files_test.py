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

    def phrases(self, name, text):
        """The findings of --language in one file, as (line, phrase)."""
        with tempfile.TemporaryDirectory() as root:
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            run = subprocess.run([sys.executable, SCRIPT, "--language", root], capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stderr)
            lines = run.stdout.splitlines()
            self.assertEqual(lines[-1], f"check-files: {len(lines) - 1} phrases")
            return [(int(line.split(":")[1]), line.split("`")[1]) for line in lines[:-1]]

    def test_language_of_comments_literals_and_test_names(self):
        self.assertEqual(self.phrases("src/a.cpp", "int words = 0;  // the server's\nint words = 1;\n"), [])
        self.assertEqual(self.phrases("src/a.cpp", "f();\n// keeps the server's\n// words\n"), [(2, "server's words")])
        self.assertEqual(self.phrases("src/a.cpp", 'f("x // y", \'"\', "waits for ever");\n'), [(1, "for ever")])
        self.assertEqual(self.phrases("src/a.cpp", 'f(R"(is\ntold)", 1\'000);\n'), [(2, "told")])
        self.assertEqual(self.phrases("tests/a.cpp", "TEST(Queue, WhoWaitsIsToldMeanwhile) {\n"),
                         [(1, "Meanwhile"), (1, "Told"), (1, "Who …")])
        self.assertEqual(self.phrases("src/a.cpp", "for (auto he : told) shall(lent);  // calls `tell`\n"), [])

    def test_language_of_sentence_starts(self):
        self.assertEqual(self.phrases("src/a.cpp", "/// What helps.\n"), [(1, "What …")])
        self.assertEqual(self.phrases("src/a.cpp", "// Returns. Whoever asks.\n// What else?\n"), [(1, "Whoever …")])
        self.assertEqual(self.phrases("src/a.cpp", "// a.cpp: what is kept.\n"), [(1, "what …")])
        self.assertEqual(self.phrases("src/a.cpp", "// A caller, who waits. The one what helps?\n"), [])

    def test_language_of_documents_and_scripts(self):
        text = "# What is open\n\n| what | Who waits |\n\n- `shall`\n  shall\n\n```cpp\nshall\n```\n\nshall\n"
        self.assertEqual(self.phrases("docs/a.md", text), [(3, "Who …"), (6, "shall"), (12, "shall")])
        self.assertEqual(self.phrases("scripts/a", "# waits for\n# ever\nlent=1\n"), [(1, "for ever"), (3, "lent")])

    def test_language_accepts_idioms(self):
        for text in ("tells one from the other apart", "so many that it fails", "in line 3", "stands in for OpenSSL"):
            self.assertEqual(self.phrases("docs/a.md", text + "\n"), [], text)

    def test_nothing_to_check_is_a_fault(self):
        with tempfile.TemporaryDirectory() as root:
            self.assertEqual(subprocess.run([sys.executable, SCRIPT, root], capture_output=True).returncode, 1)


if __name__ == "__main__":
    unittest.main()
