# SPDX-License-Identifier: Apache-2.0
"""page_service: starts the program page_service, commands it and asks its HTTP server."""

import http.client
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import checks  # noqa: E402

PATIENCE = 60  # seconds: a slow machine may take that long


class PageService:
    """A running service. `with` ends it."""

    def __init__(self, program, *arguments):
        self._process = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first = self._process.stdout.readline()
        if not first.strip().isdigit():
            checks.skip(first.strip() or "the service does not start")
        self.port = int(first)
        self.address = f"http://127.0.0.1:{self.port}/"
        self._connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        if self._process.wait(PATIENCE) != 0:
            raise RuntimeError(f"the service ended with {self._process.returncode}")

    def run(self, command):
        """Returns the service's answer."""
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def get(self, path, **headers):
        """(status, body) over a connection that is kept."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()


def eventually(condition):
    """Polls until `condition` returns something true. Returns that, or the last value after PATIENCE seconds."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value
