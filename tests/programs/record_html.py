#!/usr/bin/env python3
"""record_html.py [--no-browser] DIRECTORY: build, large, shared, hostile and empty, each as .db and as the .html that was made of it.

Looks at the pages as files and, in Chromium, as somebody who reads them: what is shown must be what the databases say.
"""
import base64
import hashlib
import json
import os
import re
import sqlite3
import struct
import sys
import zlib

from browser import Browser

DIRECTORY = sys.argv[-1]
FEW = 2500  # elements; a table of 100,000 rows has them for a screen of rows only
failures = 0


def check(what, good, seen=""):
    global failures
    if not good:
        failures += 1
        print(f"FAIL: {what}: {str(seen)[:600]}")


def equal(what, seen, wanted):
    check(what, seen == wanted, f"{str(seen)[:250]!r}, not {str(wanted)[:250]!r}")


def database(name):
    return sqlite3.connect(f"{DIRECTORY}/{name}.db")


def one(name, query, *values):
    return database(name).execute(query, values).fetchone()[0]


# The pages as files.


def parts(name):
    page = open(f"{DIRECTORY}/{name}.html", "rb").read()
    data = re.search(rb'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1)
    return page, data


def check_file(name):
    page, data = parts(name)
    for tag in (b"script", b"style"):
        inside = re.search(rb"<%b>(.*?)</%b>" % (tag, tag), page, re.S).group(1)
        allowed = b"%b-src 'sha256-%b'" % (tag, base64.b64encode(hashlib.sha256(inside).digest()))
        check(f"{name}: the policy allows this {tag} and no other", allowed in page.split(b"</title>")[0], allowed)
    check(
        f"{name}: nothing is allowed but them",
        b"content=\"default-src 'none'; script-src 'sha256-" in page and b"unsafe" not in page.split(b"<style>")[0],
    )
    check(
        f"{name}: no address is named",
        not re.search(rb"""(?:src|href)\s*=\s*["']?\s*(?:https?:|//)|url\((?!#)|@import""", page.replace(data, b"")),
    )
    check(
        f"{name}: the data cannot end the script",
        not re.search(rb"[<>&\x00-\x09\x0b-\x1f\x7f]|\xe2\x80[\xa8\xa9]", data),
        data[:100],
    )
    values = json.loads(data)
    for rows, table in (
        ("events", "event"),
        ("paths", "path"),
        ("processes", "process"),
        ("files", "file"),
        ("connections", "connection"),
        ("violations", "violation"),
        ("hashes", "hash"),
        ("execs", "exec"),
    ):
        equal(f"{name}: rows of {table}", len(values[rows]), one(name, f"SELECT count(*) FROM {table}"))
    return len(page)


# Names of any bytes, as the page is to show them.


def shown(name):
    text = name if isinstance(name, str) else name.decode(errors="surrogateescape")
    out = ""
    for character in text:
        code = ord(character)
        if character in "\n\t\r\\":
            out += {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}[character]
        elif 0xDC80 <= code <= 0xDCFF:
            out += f"\\x{code - 0xdc00:02x}"
        elif code < 32 or 127 <= code < 160:
            out += f"\\x{code:02x}"
        elif code in range(0x2028, 0x202F) or code in range(0x2060, 0x2070):
            out += f"\\u{code:04x}"
        else:
            out += character
    return out or "(no name)"


# In the browser.


def load(browser, name, fragment=""):
    browser.open("about:blank")
    browser.open(f"file://{DIRECTORY}/{name}.html{fragment}")
    browser.settle()


def text(browser, selector):
    return browser.evaluate(f"document.querySelector({json.dumps(selector)})?.textContent")


def rows(browser, view):
    """Texts of the first cells of the rows in sight, from the top."""
    return browser.evaluate(
        f"""Array.from(document.querySelectorAll('#{view} .space .row')).filter((row) => row.offsetParent)
        .sort((a, b) => a.dataset.at - b.dataset.at).map((row) => row.firstChild.textContent)"""
    )


def row(browser, view, name):
    return f"Array.from(document.querySelectorAll('#{view} .space .row')).find((row) => row.firstChild.textContent === {json.dumps(name)})"


def button(text_of_it, inside="main"):
    return f"Array.from(document.querySelectorAll('{inside} button')).find((b) => b.textContent.startsWith({json.dumps(text_of_it)}))"


def details(browser):
    """The sections of the details: title to the texts of its entries' first links."""
    return browser.evaluate(
        """Object.fromEntries(Array.from(document.querySelectorAll('#details section')).map((section) =>
        [section.querySelector('h3').textContent, Array.from(section.querySelectorAll('li')).map((li) => (li.querySelector('.link') || li).textContent)]))"""
    )


def few(browser, where):
    number = browser.evaluate("document.querySelectorAll('*').length")
    check(f"elements in {where}", number < FEW, number)


def tab(browser, name):
    browser.click(f"document.getElementById('tab-{name}')")


def check_overview(browser):
    equal("the command", text(browser, "#command"), "make -j4 all")
    equal("the status", text(browser, "#status"), "exit 0")
    check(
        "host, user and directory",
        all(part in text(browser, "#facts") for part in ("in /src/project", "builder@example", "2026-09-21")),
        text(browser, "#facts"),
    )
    tiles = browser.evaluate(
        "Object.fromEntries(Array.from(document.querySelectorAll('.tile')).map((tile) => [tile.children[1].textContent, tile.children[0].textContent.replaceAll(',', '')]))"
    )
    for word, query in (
        ("inputs", "SELECT sum(input) FROM file"),
        ("outputs", "SELECT sum(output) FROM file"),
        ("temporary", "SELECT sum(temporary) FROM file"),
        ("absent", "SELECT sum(absent) FROM file"),
        ("processes", "SELECT count(*) FROM process"),
        ("violations", "SELECT count(*) FROM violation"),
    ):
        equal(f"the tile {word}", tiles.get(word), str(one("build", query)))
    cards = browser.evaluate(
        "Array.from(document.querySelectorAll('.card')).map((card) => card.querySelector('.name').textContent)"
    )
    equal("first in each list", cards, ["cc1", "program", "/usr/include/lib00", "/src/project/include/lib00"])
    few(browser, "the overview")


def check_files(browser):
    tab(browser, "files")
    few(browser, "the files")
    browser.press("/")
    equal("/ goes to the search", browser.evaluate("document.activeElement.type"), "search")
    browser.type("PART07 unit4")
    wanted = [
        name
        for (name,) in database("build").execute(
            "SELECT name FROM path WHERE name LIKE '%part07%' AND name LIKE '%unit4%' ORDER BY name"
        )
    ]
    equal("rows that a search finds", rows(browser, "files-table"), wanted[: len(rows(browser, "files-table"))])
    equal("their number", text(browser, "#view-files .status").split()[0], str(len(wanted)))
    few(browser, "what was found")
    browser.press("Escape")
    browser.click(button("temporary", "#view-files .chips"))
    equal(
        "files of a role",
        text(browser, "#view-files .status").split()[0].replace(",", ""),
        str(one("build", "SELECT sum(temporary) FROM file")),
    )
    browser.click(button("all", "#view-files .chips"))
    for _ in range(2):
        browser.click(button("Size"))
    smallest = one("build", "SELECT min(size) FROM file")
    equal(
        "sorted by size, upwards, unknown ones first",
        browser.evaluate("document.querySelector('#files-table [aria-sort=ascending]').textContent"),
        "Size",
    )
    browser.click(button("Size"))
    equal(
        "and downwards",
        rows(browser, "files-table")[:2],
        ["/src/project/build/program", "/src/project/build/src/part39/unit399.o"],
    )
    browser.evaluate("document.querySelector('#files-table .table').focus()")
    browser.press("End")
    few(browser, "the end of the table")
    equal(
        "the last row",
        browser.evaluate("document.querySelector('#files-table .row.active').getAttribute('aria-rowindex')"),
        str(one("build", "SELECT count(*) FROM file") + 1),
    )
    check("smallest size", smallest == 1200, smallest)
    browser.click(button("By directory"))
    directories = one(
        "build", "SELECT count(DISTINCT rtrim(name, replace(name, '/', ''))) FROM path JOIN file ON file.path = path.id"
    )
    equal(
        "directories",
        browser.evaluate("document.querySelector('#directories-table .table').getAttribute('aria-rowcount')"),
        str(directories + 1),
    )
    browser.click(row(browser, "directories-table", "/src/project/build/src/part00"))
    equal("the files of a directory", text(browser, "#view-files .status").split()[0], "10")
    browser.click(button("below"))


def check_details(browser):
    browser.press("/")
    browser.type("build/src/part01/unit41.o")
    browser.click(row(browser, "files-table", "/src/project/build/src/part01/unit41.o"))
    equal("the file", text(browser, "#details h2"), "unit41.o")
    equal("who wrote and who read it", details(browser), {"Written by 1": ["as"], "Opened for reading by 1": ["ld"]})
    browser.click("document.querySelector('#details .entries .link')")
    equal("its writer", text(browser, "#details .command"), "/usr/bin/as -o build/src/part01/unit41.o /tmp/cc00029.s")
    equal(
        "the files of that",
        details(browser),
        {"Created 1": ["/src/project/build/src/part01/unit41.o"], "Opened for reading 1": ["/tmp/cc00029.s"]},
    )
    browser.click("document.querySelector('#details dd .link')")
    equal("its parent's children", details(browser).get("Children 2"), ["cc1", "as"])
    browser.evaluate(
        "new Promise((done) => { addEventListener('hashchange', () => setTimeout(done), {once: true}); history.go(-2); })"
    )
    equal("back in the history", text(browser, "#details h2"), "unit41.o")
    load(
        browser, "build", "#files/process/" + str(one("build", "SELECT process FROM exec WHERE command LIKE '%/ld\"%'"))
    )
    equal("an address leads to a process", text(browser, "#details h2"), "ld")
    equal("entries come by the hundred", len(details(browser)["Opened for reading 400"]), 100)
    browser.click("document.querySelector('#details .more:not([hidden])')")
    equal("and more are asked for", len(details(browser)["Opened for reading 400"]), 200)
    equal(
        "a rename names both",
        browser.evaluate(
            "Array.from(document.querySelectorAll('#details .entries li')).some((li) => li.textContent.startsWith('/src/project/build/program.tmp → /src/project/build/program'))"
        ),
        True,
    )
    browser.click(button("Its files as a table"))
    equal(
        "the files of a process",
        text(browser, "#view-files .status").split()[0].replace(",", ""),
        str(
            one("build", "SELECT count(DISTINCT path) + 1 FROM event WHERE process = (SELECT max(id) - 1 FROM process)")
        ),
    )
    equal(
        "which begin with",
        rows(browser, "files-table")[:2],
        ["/src/project/build/program", "/src/project/build/program.tmp"],
    )
    load(browser, "build", "#files")
    browser.press("/")
    browser.type("build/program")
    browser.click(row(browser, "files-table", "/src/project/build/program"))
    check("the hash of a file", "ab" * 32 in text(browser, "#details"), text(browser, "#details"))
    equal("who made and who read the program", details(browser).get("Renamed or linked by 1"), ["ld"])


def check_other_views(browser):
    load(browser, "build", "#graph")
    equal(
        "programs that pass files on",
        browser.evaluate("Array.from(document.querySelectorAll('.node .title')).map((t) => t.textContent)"),
        ["cc1", "as", "ld", "strip"],
    )
    equal(
        "how many",
        sorted(browser.evaluate("Array.from(document.querySelectorAll('.edge title')).map((t) => t.textContent)")),
        ["as → ld: 400 files", "cc1 → as: 400 files", "ld → strip: 1 file"],
    )
    browser.click(button("a process"))
    check(
        "a limit that is told",
        text(browser, "#view-graph .status").startswith("The 120 of 802 processes"),
        text(browser, "#view-graph .status"),
    )
    few(browser, "the graph")
    browser.evaluate("location.hash = '#graph/process/5'")
    browser.click(button("around"))
    equal(
        "around a process",
        sorted(browser.evaluate("Array.from(document.querySelectorAll('.node .title')).map((t) => t.textContent)")),
        sorted(["as", "cc00000.s", "cc1", "ld", "unit0.o"]),
    )
    tab(browser, "absent")
    equal("absent files", text(browser, "#view-absent .status"), "3,000 of 3,000")
    few(browser, "the absent files")
    browser.press("/")
    browser.type("lib07/header7.h")
    equal("one of them", rows(browser, "view-absent-table"), ["/src/project/include/lib07/header7.h"])
    browser.click(row(browser, "view-absent-table", "/src/project/include/lib07/header7.h"))
    looked = one(
        "build",
        "SELECT count(DISTINCT process) FROM event JOIN path ON path.id = event.path WHERE name = '/src/project/include/lib07/header7.h'",
    )
    check("who looked for it", f"Looked for in vain by {looked}" in details(browser), details(browser).keys())
    tab(browser, "network")
    check(
        "connections",
        "10.0.0.1:3632" in text(browser, "#view-network") and "ECONNREFUSED" in text(browser, "#view-network"),
    )
    tab(browser, "violations")
    check(
        "violations",
        all(part in text(browser, "#view-violations") for part in ("/etc/shadow", "policy:3 deny read", "ld")),
    )


def check_keyboard(browser):
    """From the beginning to a file, its writer, and back, without a mouse."""
    load(browser, "build")
    focus = lambda: browser.evaluate(
        "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
    )
    browser.press("Tab", "Tab")
    equal("Tab leads to the tabs", focus(), "tab-overview")
    browser.press("ArrowRight", "ArrowRight")
    equal("arrows go along them", focus(), "tab-files")
    browser.press("/")
    browser.type("unit123.o")
    browser.press("ArrowDown")
    equal("down from the search into the table", focus(), "table")
    browser.press("Enter")
    equal("Enter opens, and goes there", browser.evaluate("document.activeElement.textContent"), "unit123.o")
    browser.press("Tab")
    equal("Tab to the writer", browser.evaluate("document.activeElement.textContent"), "as")
    browser.press("Enter")
    equal(
        "Enter opens it",
        browser.evaluate("document.activeElement.textContent + document.querySelector('#details .kind').textContent"),
        "asprocess " + str(30000 + 3 + 3 * 123 + 2),
    )
    browser.press("Escape")
    equal(
        "Escape goes back to the row",
        [focus(), browser.evaluate("document.getElementById('details').hidden")],
        ["table", True],
    )
    browser.press("ArrowRight", "Enter", "Enter", "ArrowDown")
    equal(
        "titles sort",
        browser.evaluate("document.querySelector('#files-table .head .cell').getAttribute('aria-sort')"),
        "descending",
    )
    check("the focus is seen", browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid")
    browser.press("2")
    equal("a digit goes to a view", focus(), "CANVAS")
    browser.press("ArrowDown", "ArrowDown", "ArrowDown")
    equal(
        "arrows go from process to process", text(browser, "#flame-status"), "cc1 (pid 30004), 17 ms from 41 ms, exit 0"
    )
    browser.press("ArrowRight")
    equal("to the next of the same parent", text(browser, "#flame-status"), "as (pid 30005), 5 ms from 58 ms, exit 0")
    browser.press("+", "+", "Enter")
    equal("Enter opens the process", text(browser, "#details h2"), "as")
    browser.press("Escape", "4", "ArrowRight", "Enter")
    equal("arrows and Enter in the graph", text(browser, "#details h2"), "as")
    equal("a program was given files", list(details(browser))[:2], ["Was given 400", "Passed on 400"])
    browser.press("?")
    check("? shows the keys", browser.evaluate("document.getElementById('help').open"))
    browser.press("Escape")
    check("and Escape hides them", not browser.evaluate("document.getElementById('help').open"))


# What is painted.


def pixels(browser, box):
    """The rows of a part of the screen, as lists of (red, green, blue)."""
    x, y, width, height = box
    png = base64.b64decode(
        browser.call(
            "Page.captureScreenshot", format="png", clip={"x": x, "y": y, "width": width, "height": height, "scale": 1}
        )["data"]
    )
    at, packed = 8, b""
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IHDR":
            wide, high, _, colour = struct.unpack_from(">IIBB", png, at + 8)
        if kind == b"IDAT":
            packed += png[at + 8 : at + 8 + size]
        at += size + 12
    step, raw, before, image = {2: 3, 6: 4}[colour], zlib.decompress(packed), None, []
    for line in range(high):
        start = line * (wide * step + 1)
        before = unfilter(
            raw[start], bytearray(raw[start + 1 : start + 1 + wide * step]), before or bytes(wide * step), step
        )
        image.append([tuple(before[i : i + 3]) for i in range(0, len(before), step)])
    return image


def unfilter(kind, line, above, step):
    for i in range(len(line)):
        left, corner = (line[i - step], above[i - step]) if i >= step else (0, 0)
        guess = left + above[i] - corner
        paeth = min(
            (abs(guess - left), 0, left), (abs(guess - above[i]), 1, above[i]), (abs(guess - corner), 2, corner)
        )[2]
        line[i] = (line[i] + (0, left, above[i], (left + above[i]) // 2, paeth)[kind]) & 255
    return bytes(line)


def colour(browser, variable):
    value = browser.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('{variable}').trim()")
    return tuple(int(value[i : i + 2], 16) for i in (1, 3, 5))


def check_timeline(browser, scheme):
    """The bars have the colours of their programs, and stand where the times of the processes say."""
    load(browser, "build", "#timeline")
    x, y, width = browser.evaluate(
        "(() => { const b = document.querySelector('.flame canvas').getBoundingClientRect(); return [b.x, b.y, b.width]; })()"
    )
    hues = browser.evaluate(
        "Object.fromEntries(Array.from(document.querySelectorAll('.legend li')).map((li) => [li.textContent, li.firstChild.className.match(/bar-\\d/)[0]]))"
    )
    wanted = {name: colour(browser, "--" + hue) for name, hue in hues.items()}
    check("programs have different colours", len(set(wanted.values())) == len(wanted) == 7, wanted)
    end = one("build", "SELECT max(end) FROM process")
    for lane, name in ((0, "make"), (1, "sh"), (2, "ld")):
        start, stop = (
            database("build").execute("SELECT start, end FROM process WHERE program LIKE ?", ("%/" + name,)).fetchone()
        )
        line = pixels(browser, (x, y + 24 + 20 * lane + 2, width, 1))[0]
        left, right = int(start / end * width) + 2, int(stop / end * width) - 3
        painted = line[left : left + 2] + line[right - 2 : right] + [line[right - 10]]
        check(f"{scheme}: the bar of {name}", painted == [wanted[name]] * 5, (painted, wanted[name]))
        if name == "ld":
            equal(f"{scheme}: nothing before it", line[left - 4], colour(browser, "--surface"))
    compilers = pixels(browser, (x, y + 24 + 20 * 4 + 5, width, 1))[0]
    check(f"{scheme}: the compilers", compilers.count(wanted["cc1"]) > width / 4, compilers.count(wanted["cc1"]))
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + width - 30, y=y + 24 + 45)
    browser.settle()
    check(
        "what is below the mouse is said",
        (text(browser, ".tip strong") or "").startswith("ld (pid"),
        text(browser, ".tip"),
    )
    few(browser, "the timeline")


CONTRAST = """(() => {
    const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n.slice(0, 3), 1] : n; };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
    const light = (c) => { const l = c.slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
    const behind = (e) => e === null ? [255, 255, 255, 1] : over(e.tagName === 'g' && e.querySelector('rect') ? parse(getComputedStyle(e.querySelector('rect')).fill) : parse(getComputedStyle(e).backgroundColor), e.parentElement === null ? [255, 255, 255, 1] : behind(e.parentElement));
    const poor = [], seen = {};
    for (const e of document.querySelectorAll('body *')) {
        if (!e.checkVisibility() || ['SCRIPT', 'NOSCRIPT', 'CANVAS', 'TITLE', 'title'].includes(e.tagName) || !Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.data.trim())) continue;
        const style = getComputedStyle(e), back = behind(e), front = over(parse(e instanceof SVGElement ? style.fill : style.color), back);
        const [a, b] = [light(front), light(back)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
        seen[e.tagName] = (seen[e.tagName] || 0) + 1;
        if (ratio < 4.5) poor.push(e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + e.textContent.slice(0, 20) + ' ' + ratio.toFixed(2));
    }
    return {poor, seen: Object.values(seen).reduce((x, y) => x + y, 0)};
})()"""


def check_contrast(browser, scheme):
    for view in ("overview", "timeline/process/5", "files/file/4", "files/process/3", "graph/program/1", "violations"):
        browser.evaluate(f"location.hash = '#{view}'")
        browser.settle()
        found = browser.evaluate(CONTRAST)
        check(f"{scheme}: contrast in {view}", found["poor"] == [] and found["seen"] > 25, found)
    browser.evaluate("document.getElementById('help').showModal()")
    found = browser.evaluate(CONTRAST)
    check(f"{scheme}: contrast of the keys", found["poor"] == [], found)
    browser.evaluate("document.getElementById('help').close()")


def check_bars(browser, scheme):
    """Text on the bars of the timeline, which is no element."""

    def light(rgb):
        parts = [v / 255 / 12.92 if v / 255 <= 0.03928 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in rgb]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    on = light(colour(browser, "--on-bar"))
    for hue in range(9):
        back = light(colour(browser, f"--bar-{hue}"))
        check(f"{scheme}: text on bar {hue}", (max(on, back) + 0.05) / (min(on, back) + 0.05) >= 4.5)


TABS = ("overview", "timeline", "files", "graph", "absent", "network", "violations")


def check_hostile(browser):
    load(browser, "hostile", "#files")
    wanted = {
        shown(name) for (name,) in database("hostile").execute("SELECT name FROM path JOIN file ON path.id = file.path")
    }
    browser.call("Emulation.setDeviceMetricsOverride", width=1400, height=1100, deviceScaleFactor=1, mobile=False)
    browser.settle()
    equal("names are shown as text", sorted(rows(browser, "files-table")), sorted(wanted))
    browser.call("Emulation.clearDeviceMetricsOverride")
    for name in TABS:
        tab(browser, name)
        elements = browser.evaluate(
            "Array.from(new Set(Array.from(document.querySelectorAll('body *'), (e) => e.localName))).sort()"
        )
        check(
            f"elements in {name}",
            not set(elements) & {"b", "img", "iframe", "a", "object", "embed", "meta", "link"},
            elements,
        )
    paths = len(json.loads(parts("hostile")[1])["paths"])
    for address in (
        [f"file/{path}" for path in range(paths + 1)]
        + [f"process/{number}" for number in range(8)]
        + [f"program/{number}" for number in range(8)]
        + ["x/y", "file/__proto__", "%ff/%"]
    ):
        for view in ("files", "graph"):
            browser.evaluate(
                f"location.hash = '#{view}/{address}'; document.querySelector('#view-graph [data-mode=around]')?.click()"
            )
    browser.settle()
    equal("scripts in the page", browser.evaluate("document.scripts.length"), 2)
    check(
        "the title is the command",
        browser.evaluate("document.title").startswith("sh -c $'</script><script>document"),
        browser.evaluate("document.title"),
    )
    check(
        "what is missing is told",
        all(part in text(browser, "#notices") for part in ("cut off", "7 events", "2 parts")),
        text(browser, "#notices"),
    )
    equal("the status", text(browser, "#status"), "SIGSEGV (139)")
    # The policy of the page itself: neither a script nor an image from outside runs, even when somebody gets them in.
    browser.messages.clear()
    browser.evaluate(
        "(() => { const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s); const i = new Image(); i.src = 'http://127.0.0.1:9/x'; document.body.append(i); })()"
    )
    browser.settle()
    check(
        "the policy holds",
        len([m for m in browser.messages if "Content Security Policy" in m]) == 2
        and browser.evaluate("document.title") != "1",
        browser.messages,
    )
    browser.messages.clear()
    browser.requests[:] = [address for address in browser.requests if "127.0.0.1:9" not in address]


def check_large(browser):
    """100,000 events: what is in the page does not grow with them."""
    load(browser, "large", "#files")
    few(browser, "100,000 events")
    equal("all of them", text(browser, "#tab-files .amount"), f"{one('large', 'SELECT count(*) FROM file'):,}")
    browser.press("/")
    browser.type("unit39 .o")
    found = one("large", "SELECT count(*) FROM path WHERE name LIKE '%unit39%' AND name LIKE '%.o%'")
    equal("what a search finds", text(browser, "#view-files .status").split()[0], str(found))
    browser.press("ArrowDown", "End", "Enter")
    last = one("large", "SELECT name FROM path WHERE name LIKE '%unit39%.o' ORDER BY name DESC")
    equal("its end", text(browser, "#details h2"), last.rsplit("/", 1)[1])
    for name in TABS:
        tab(browser, name)
        few(browser, f"{name} of 100,000 events")
    equal("the programs", text(browser, "#view-graph .status"), "4 programs that pass files on")


def check_shared(browser):
    """Each of thousands reads what each other one wrote: no line for each two."""
    load(browser, "shared", "#graph")
    equal("programs that share a log", text(browser, "#view-graph .status"), "2 programs that pass files on")
    browser.click(button("a process"))
    equal(
        "the graph says what it left out",
        text(browser, "#view-graph .status"),
        "The 120 of 3,001 processes that share most files"
        "; of those who wrote a file the last 16 count, of the lines the first 50,000",
    )
    lines = browser.evaluate("document.querySelectorAll('.edge').length")
    check("lines between 120 processes that share a lock", 120 <= lines <= 120 * 16, lines)
    load(browser, "shared", "#graph/program/1")
    check("who made what for whom", "log" in text(browser, "#details"), text(browser, "#details"))


def check_limited(browser):
    if not os.path.exists(f"{DIRECTORY}/limited.html"):
        return
    load(browser, "limited", "#files")
    notices = text(browser, "#notices")
    for table, rows_of in (("paths", "path"), ("processes", "process"), ("events", "event"), ("execs", "exec")):
        told = f"Only 1,000 of {one('build', 'SELECT count(*) FROM ' + rows_of):,} {table} are in this page"
        check("what is left out is told", told in notices, notices)
    check(
        "the rest is there",
        text(browser, "#view-files .status").startswith("995 files"),
        text(browser, "#view-files .status"),
    )
    for name in TABS:
        tab(browser, name)


def check_recorded(browser):
    """What a shell and cat did a moment ago."""
    load(browser, "real", "#files")
    equal("the command ended", text(browser, "#status"), "exit 0")
    browser.press("/")
    browser.type(DIRECTORY + "/real/")
    equal("what it made", rows(browser, "files-table"), [f"{DIRECTORY}/real/copy", f"{DIRECTORY}/real/made"])
    browser.click(row(browser, "files-table", f"{DIRECTORY}/real/made"))
    equal(
        "by whom, for whom",
        [details(browser).get(title) for title in ("Written by 1", "Opened for reading by 1")],
        [["sh"], ["cat"]],
    )
    tab(browser, "absent")
    browser.press("/")
    browser.type("missing-file")
    equal("what it missed", rows(browser, "view-absent-table"), [f"{DIRECTORY}/missing-file"])


def check_browser():
    browser = Browser()
    try:
        browser.scheme("light")
        load(browser, "build")
        check_overview(browser)
        check_files(browser)
        check_details(browser)
        check_other_views(browser)
        check_keyboard(browser)
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            check_timeline(browser, scheme)
            check_contrast(browser, scheme)
            check_bars(browser, scheme)
        check_hostile(browser)
        check_large(browser)
        check_shared(browser)
        check_limited(browser)
        check_recorded(browser)
        load(browser, "empty")
        for name in TABS:
            tab(browser, name)
        equal("no complaints", browser.messages, [])
        check(
            "nothing is asked for but the pages",
            all(address == "about:blank" or address.startswith("file://" + DIRECTORY) for address in browser.requests),
            browser.requests,
        )
    finally:
        browser.close()


for page in ("build", "large", "shared", "hostile", "empty"):
    size = check_file(page)
    check(f"bytes of {page}", size < 15_000_000, size)
if "--no-browser" not in sys.argv:
    check_browser()
sys.exit(1 if failures else 0)
