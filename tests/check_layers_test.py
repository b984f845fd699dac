#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_layers_test: scripts/check-layers accepts what obeys its rules and names each kind of fault."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "check-layers"


class CheckLayers(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            run = subprocess.run([sys.executable, SCRIPT, root], capture_output=True, text=True)
            return run.returncode, run.stdout

    def assert_fault(self, files, where):
        code, text = self.check(files)
        self.assertEqual(code, 1, text)
        self.assertIn(where, text)

    def test_downward_includes_pass(self):
        code, text = self.check({
            "include/redstart/core/a.hpp": "#include <string>\n",
            "include/redstart/client/b.hpp": "#include <redstart/core/a.hpp>\n",
            "include/redstart/json.hpp": "#include <nlohmann/json.hpp>\n",
            "src/net/c.hpp": "#include <functional>\n#include <redstart/resp/x.hpp>\n",
            "src/pool/d.cpp": '#include "net/c.hpp"\n#include "../net/c.hpp"\n#include "e.hpp"\n',
            "src/pool/e.hpp": "",
        })
        self.assertEqual(code, 0, text)

    def test_upward_public_include(self):
        self.assert_fault({"include/redstart/core/a.hpp": "// x\n#include <redstart/client/b.hpp>\n"}, "core/a.hpp:2:")

    def test_top_level_header_from_a_layer(self):
        self.assert_fault({"include/redstart/core/a.hpp": "#include <redstart/sync.hpp>\n"}, "core/a.hpp:1:")

    def test_slow_standard_header(self):
        self.assert_fault({"include/redstart/resp/a.hpp": "#include <functional>\n"}, "<functional>")

    def test_third_party_header(self):
        self.assert_fault({"include/redstart/sync.hpp": "#include <boost/asio.hpp>\n"}, "<boost/asio.hpp>")

    def test_unknown_folder(self):
        self.assert_fault({"include/redstart/misc/a.hpp": ""}, "misc")
        self.assert_fault({"src/misc/a.cpp": ""}, "misc")

    def test_upward_private_include(self):
        for name in ("pool/b.hpp", "../pool/b.hpp"):
            self.assert_fault({"src/net/a.cpp": f'#include "{name}"\n', "src/pool/b.hpp": ""}, "net/a.cpp:1:")

    def test_source_that_src_hpp_does_not_include(self):
        self.assert_fault({"include/redstart/src.hpp": '#include "../../src/net/a.cpp"\n', "src/net/a.cpp": "",
                           "src/net/b.cpp": ""}, "src/net/b.cpp")

    def test_source_that_src_hpp_includes_twice(self):
        self.assert_fault({"include/redstart/src.hpp": '#include "../../src/net/a.cpp"\n#include "../../src/net/a.cpp"\n',
                           "src/net/a.cpp": ""}, "a.cpp")

    def test_public_header_that_nothing_reaches(self):
        files = {"include/redstart/redstart.hpp": "#include <redstart/core/a.hpp>\n", "include/redstart/core/a.hpp": "",
                 "include/redstart/core/b.hpp": ""}
        self.assert_fault(files, "core/b.hpp:1:")
        self.assertEqual(self.check({**files, "docs/b.md": "`redstart/core/b.hpp`\n"})[0], 0)

    def test_private_code_above_its_public_layer(self):
        self.assert_fault({"src/net/a.cpp": "#include <redstart/manager/m.hpp>\n"}, "net/a.cpp:1:")

    def test_tool_with_private_header(self):
        files = {"src/net/a.hpp": "", "tools/doctor/b.hpp": "", "tools/doctor/c.cpp": '#include "b.hpp"\n'}
        self.assertEqual(self.check(files)[0], 0)
        for name in ("net/a.hpp", "../../src/net/a.hpp"):
            self.assert_fault({**files, "tools/doctor/c.cpp": f'#include "{name}"\n'}, "tools/doctor/c.cpp:1:")

    def test_nothing_to_check_is_a_fault(self):
        self.assertEqual(self.check({})[0], 1)


if __name__ == "__main__":
    unittest.main()
