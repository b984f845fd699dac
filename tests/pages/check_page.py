#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_page: opens the status page of a service in headless Chromium.

    check_page.py PROGRAM     PROGRAM: page_service

- Values change while the service works.
- A killed Redis shows, and so does its return. The times are printed.
- A hostile text of the server shows as text: it becomes no element and runs no script.
- Both colour schemes differ, and a narrow window needs no scrolling to the side.
- Without JavaScript the table is there, and the page reloads itself.
- The browser has logged no error, such as a violation of the Content-Security-Policy, while Redis worked.

Needs chromium and chromium-driver of Debian. Prints one line for each fault. Exits with 1 if there is any,
and with 77 if something that it needs is missing.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import checks  # noqa: E402
from browser import browser, missing  # noqa: E402
from page_service import PageService, eventually  # noqa: E402

HOSTILE = "<img src=x onerror=document.title='hacked'><script>document.title='hacked'</script>"
FIGURES = {
    "health": "return document.getElementById('health')?.textContent ?? ''",
    "live": "return document.getElementById('live')?.textContent ?? ''",
    "rate": "return document.querySelector('td[data-label=\"Commands/s\"] span')?.textContent ?? ''",
    "notes": "return document.querySelector('tr.notes')?.textContent ?? ''",
    "bad": "return document.querySelectorAll('tbody tr:first-child [data-level=bad]').length",
}


def figure(window, name):
    return window.script(FIGURES[name])


def has(window, name, text):
    return eventually(lambda: text in figure(window, name))


def logged_errors(window):
    return [f"the browser has logged: {error}" for error in window.errors()]


def use_scheme(window, scheme):
    window.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def check_values(window, service):
    if not has(window, "health", "healthy") or "unhealthy" in figure(window, "health"):
        yield f"the health of a service that works is {figure(window, 'health')}"
    if not has(window, "live", "updated"):
        yield "the script does not run"
    if figure(window, "rate") != "0":
        yield f"without traffic there are {figure(window, 'rate')} commands per second"
    service.run("work 4")
    seen = set()
    if not eventually(lambda: seen.add(figure(window, "rate")) or len(seen - {"0"}) > 1):
        yield f"the rate of commands does not change: {seen}"
    if not eventually(lambda: window.script("return document.querySelector('polyline')?.points.length ?? 0") > 1):
        yield "no curve is drawn"
    if " ok, " not in figure(window, "notes"):
        yield f"the totals are missing: {figure(window, 'notes')}"


def check_schemes(window):
    colours = set()
    for scheme in ("light", "dark"):
        use_scheme(window, scheme)
        colours.add(window.script("return getComputedStyle(document.body).backgroundColor"))
    if len(colours) != 2:
        yield f"both colour schemes have the ground {colours}"
    for width in (1180, 390):
        metrics = {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": width < 800}
        window.devtools("Emulation.setDeviceMetricsOverride", **metrics)
        excess = window.script("return document.documentElement.scrollWidth - window.innerWidth")
        if excess > 0:
            yield f"in a window of {width} pixels the page is {excess} too wide"
    window.devtools("Emulation.clearDeviceMetricsOverride")


def check_hostile(window):
    for occasion in ("the server has written", "the script has written"):
        if not has(window, "notes", HOSTILE):
            yield f"the hostile text that {occasion} is not there as text: {figure(window, 'notes')}"
        if occasion.startswith("the script") and not has(window, "live", "updated"):
            yield "the script does not run"
        elements = window.script("return document.querySelectorAll('img, script').length")
        if elements != 1:  # the page's own script
            yield f"the hostile text that {occasion} became an element"
        if window.title() != "shop: Redis":
            yield f"the hostile text that {occasion} has run: the title is {window.title()}"
    yield from logged_errors(window)


def check_outage(window, service):
    if not eventually(lambda: figure(window, "bad") == 0):
        yield "something is bad before the outage"
    start = time.monotonic()
    service.run("kill")
    if not eventually(lambda: figure(window, "bad") > 0):
        yield "a killed Redis does not show"
    shown = time.monotonic() - start
    if not has(window, "health", "unhealthy"):
        yield "a service whose Redis is killed is not unhealthy"
    print(f"a killed Redis shows after {shown:.1f} s, as unhealthy after {time.monotonic() - start:.1f} s")
    start = time.monotonic()
    service.run("restart")
    if not eventually(lambda: figure(window, "bad") == 0 and "unhealthy" not in figure(window, "health")):
        yield "the return of Redis does not show"
    print(f"its return shows after {time.monotonic() - start:.1f} s")


def check_without_script(window):
    """`execute_script` works even there: it is the window's, not the page's."""
    if not has(window, "health", "healthy"):
        yield "without JavaScript the health is missing"
    if "reloads every" not in figure(window, "live"):
        yield f"without JavaScript the page says: {figure(window, 'live')}"
    if "Endpoint" not in figure(window, "notes"):
        yield f"without JavaScript the table is incomplete: {figure(window, 'notes')}"
    window.script("window.before = 1")
    if not eventually(lambda: window.script("return window.before === undefined")):
        yield "without JavaScript the page does not reload"


def check(program):
    if missing():
        checks.skip(missing())
    with PageService(program) as service, browser() as window:
        eventually(lambda: service.get("/health/startup")[0] == 200)
        window.open(service.address)
        yield from check_values(window, service)
        yield from check_schemes(window)
        yield from logged_errors(window)
        yield from check_outage(window, service)
    with PageService(program, HOSTILE) as service, browser() as window:
        window.open(service.address)
        yield from check_hostile(window)
    with PageService(program) as service, browser(javascript=False) as window:
        eventually(lambda: service.get("/health/startup")[0] == 200)
        window.open(service.address)
        yield from check_without_script(window)


if __name__ == "__main__":
    sys.exit(checks.report("check_page", check(sys.argv[1])))
