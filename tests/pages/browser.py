# SPDX-License-Identifier: Apache-2.0
"""browser: headless Chromium, driven by the WebDriver protocol of chromium-driver."""

import base64
import contextlib
import json
import re
import shutil
import subprocess
import tempfile
import urllib.request

PATIENCE = 60  # seconds: a slow machine may take that long
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
             "--hide-scrollbars", "--lang=en-US", "--window-size=1180,700",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")  # no network but loopback


def missing():
    """Returns which program is not installed; empty if all are."""
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(lacking)} not installed (Debian: apt-get install chromium chromium-driver)" if lacking else ""


class Browser:
    """One window."""

    def __init__(self, driver, capabilities):
        self._base = driver
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
        value = self._send("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._base += f"/session/{value['sessionId']}"

    def _send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)
        with self._open(request, timeout=2 * PATIENCE) as answer:
            return json.load(answer)["value"]

    def open(self, address):
        self._send("POST", "/url", {"url": address})

    def reload(self):
        self._send("POST", "/refresh", {})

    def title(self):
        return self._send("GET", "/title")

    def script(self, text):
        """Returns the result of a script of the driver, which runs without JavaScript of the page too."""
        return self._send("POST", "/execute/sync", {"script": text, "args": []})

    def devtools(self, command, **parameters):
        self._send("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def picture(self, path):
        path.write_bytes(base64.b64decode(self._send("GET", "/screenshot")))

    def errors(self):
        """The errors that the browser has logged since the last call."""
        entries = self._send("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def quit(self):
        self._send("DELETE", "")


@contextlib.contextmanager
def driver():
    """The address of a chromium-driver that runs."""
    process = subprocess.Popen([shutil.which("chromedriver"), "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in process.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                yield f"http://127.0.0.1:{found[1]}"
                return
        raise RuntimeError("chromedriver does not start")
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextlib.contextmanager
def browser(javascript=True):
    """A browser with a profile of its own, which is deleted."""
    with tempfile.TemporaryDirectory(prefix="redstart-page.", ignore_cleanup_errors=True) as profile, driver() as address:
        options = {"binary": shutil.which("chromium"), "args": [*ARGUMENTS, f"--user-data-dir={profile}"]}
        if not javascript:
            options["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
        window = Browser(address, {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}})
        try:
            yield window
        finally:
            window.quit()
