"""A headless Chromium, spoken to through a pipe with its DevTools protocol: for tests of pages."""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time


PATIENCE = 200  # seconds; a machine may be busy with other tests


class Browser:
    def __init__(self, width=1400, height=900):
        self.profile = tempfile.mkdtemp(prefix="browser.")
        to_browser, from_browser = os.pipe(), os.pipe()
        # The browser takes orders from 3 and answers on 4. Both pipes are moved away from there first.
        ends = [os.dup2(fd, 40 + at) for at, fd in enumerate((to_browser[0], from_browser[1]))]
        for fd in (to_browser[0], from_browser[1]):
            os.close(fd)

        def give():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        # Tests run as root, and in places without user namespaces: the sandbox cannot always be had, and only pages of
        # the test are opened.
        arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
            "--disable-component-update",
            "--force-color-profile=srgb",
            "--remote-debugging-pipe",
            f"--user-data-dir={self.profile}",
            f"--window-size={width},{height}",
            "about:blank",
        ]
        self.log = open(os.path.join(self.profile, "log"), "w+")
        self.process = subprocess.Popen(
            ["chromium", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            preexec_fn=give,
            pass_fds=(3, 4, *ends),
            start_new_session=True,
        )
        for fd in ends:
            os.close(fd)
        self.out, self.back = to_browser[1], from_browser[0]
        self.number, self.bytes, self.session = 0, b"", None
        self.messages = []  # what the console said, and exceptions
        self.requests = []  # addresses that were asked for
        self.events = []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def receive(self, seconds):
        while b"\0" not in self.bytes:
            if not select.select([self.back], [], [], seconds)[0]:
                raise TimeoutError("the browser says nothing")
            part = os.read(self.back, 1 << 20)
            if not part:
                self.log.seek(0)
                raise EOFError("the browser ended: " + self.log.read()[-2000:])
            self.bytes += part
        message, self.bytes = self.bytes.split(b"\0", 1)
        return json.loads(message)

    def note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.consoleAPICalled":
            self.messages.append(" ".join(str(a.get("value", a.get("description"))) for a in parameters["args"]))
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.messages.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded":
            self.messages.append(parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        self.events.append(method)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0") if len(
            json.dumps(message)
        ) < 60000 else self.write_all(message)
        while True:
            answer = self.receive(PATIENCE)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.note(answer)

    def write_all(self, message):
        rest = json.dumps(message).encode() + b"\0"
        while rest:
            rest = rest[os.write(self.out, rest) :]

    def open(self, url):
        self.events = []
        self.call("Page.navigate", url=url)
        while "Page.loadEventFired" not in self.events:
            self.note(self.receive(PATIENCE))

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise's is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(
                expression
                + ": "
                + json.dumps(
                    answer["exceptionDetails"]
                    .get("exception", {})
                    .get("description", answer["exceptionDetails"]["text"])
                )
            )
        return answer["result"].get("value")

    def settle(self):
        """Until what was begun is drawn."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    KEYS = {
        "Enter": (13, "\r"),
        "Tab": (9, ""),
        "Escape": (27, ""),
        "ArrowDown": (40, ""),
        "ArrowUp": (38, ""),
        "ArrowLeft": (37, ""),
        "ArrowRight": (39, ""),
        "End": (35, ""),
        "Home": (36, ""),
        "PageDown": (34, ""),
        "Backspace": (8, ""),
    }

    def press(self, *keys, shift=False):
        for key in keys:
            code, text = self.KEYS.get(key, (ord(key.upper()) if len(key) == 1 else 0, key))
            event = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
            self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **event)
            self.call("Input.dispatchKeyEvent", type="keyUp", **event)
        self.settle()

    def type(self, text):
        self.call("Input.insertText", text=text)
        self.settle()

    def click(self, expression):
        """Into the middle of an element, with the mouse."""
        box = self.evaluate(
            f"(() => {{ const e = {expression}; e.scrollIntoView({{block: 'nearest'}}); const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        )
        self.click_at(*box)

    def click_at(self, x, y):
        for what in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=what,
                x=x,
                y=y,
                button="left" if what != "mouseMoved" else "none",
                clickCount=0 if what == "mouseMoved" else 1,
            )
        self.settle()

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])
        self.settle()

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for _ in range(20):
            shutil.rmtree(self.profile, ignore_errors=True)
            if not os.path.exists(self.profile):
                break
            time.sleep(0.05)
