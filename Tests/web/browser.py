"""Chromium without a head, over its DevTools protocol."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from wire import Socket

NAMES = ("chromium", "chromium-browser", "google-chrome")


def path():
    return next((p for p in map(shutil.which, NAMES) if p), None)


class Browser:
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="ekchrome")
        self.log = open(Path(self.home) / "log", "wb")
        self.process = subprocess.Popen(
            [
                path(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--remote-debugging-port=0",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-extensions",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
                "--user-data-dir=" + self.home,
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=self.log,
            env={**os.environ, "HOME": self.home},
        )
        port = Path(self.home) / "DevToolsActivePort"
        end = time.monotonic() + 60
        while not port.exists() or len(port.read_text().split()) < 2:
            assert self.process.poll() is None and time.monotonic() < end, (
                "chromium did not start: " + (Path(self.home) / "log").read_text()[-2000:]
            )
            time.sleep(0.1)
        self.port = int(port.read_text().split()[0])

    def page(self, width=1280, height=900, scale=1, mobile=False, dark=False):
        r = urllib.request.Request("http://127.0.0.1:%d/json/new?about:blank" % self.port, method="PUT")
        with urllib.request.urlopen(r, timeout=20) as f:
            target = json.load(f)
        return Page(self.port, target, width, height, scale, mobile, dark)

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Page:
    def __init__(self, port, target, width, height, scale, mobile, dark):
        self.ws = Socket(port, "/devtools/page/" + target["id"], host="127.0.0.1:%d" % port, timeout=30)
        assert self.ws.status == 101
        self.next, self.errors, self.violations = 0, [], []
        self.call("Runtime.enable")
        self.call("Log.enable")
        self.call("Page.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=mobile,
        )
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.width = width

    def call(self, method, **params):
        self.next += 1
        self.ws.send(json.dumps({"id": self.next, "method": method, "params": params}))
        end = time.monotonic() + 30
        while True:
            m = json.loads(self.ws.message(max(0.1, end - time.monotonic())))
            if m.get("method") == "Runtime.exceptionThrown":
                self.errors.append(
                    m["params"]["exceptionDetails"].get("exception", {}).get("description")
                    or m["params"]["exceptionDetails"]["text"]
                )
            elif m.get("method") == "Log.entryAdded" and m["params"]["entry"]["source"] == "security":
                self.violations.append(m["params"]["entry"]["text"])
            if m.get("id") == self.next:
                assert "error" not in m, m
                return m["result"]

    def go(self, url):
        self.call("Page.navigate", url=url)
        self.until(
            "location.protocol === 'http:' && document.readyState === 'complete' && "
            "document.getElementById('fresh') !== null"
        )

    def js(self, code):
        """The value of an expression; promises are waited for."""
        r = self.call("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in r, r["exceptionDetails"]
        return r["result"].get("value")

    def until(self, code, seconds=20):
        """Waits until an expression is true; its value."""
        end = time.monotonic() + seconds
        while True:
            value = self.js(code)
            if value:
                return value
            assert time.monotonic() < end, "never true: %s\npage says: %s" % (
                code,
                self.js("document.body.innerText.slice(0, 1500)"),
            )
            time.sleep(0.1)

    def text(self, name):
        return self.js("document.getElementById(%s).textContent" % json.dumps(name))

    def picture(self, file, whole=True):
        r = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            r = self.call(
                "Page.captureScreenshot",
                format="png",
                captureBeyondViewport=True,
                clip={"x": 0, "y": 0, "width": self.width, "height": size["height"], "scale": 1},
            )
        Path(file).write_bytes(base64.b64decode(r["data"]))

    def close(self):
        self.ws.close()
