"""Looks at a run with a real browser: Chromium, told what to do over its DevTools pipe.

Used by browser-test.sh; needs nothing but Python's standard library.
"""

import argparse
import base64
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 20


class Failed(Exception):
    """A check that did not hold."""


def check(holds, says):
    if not holds:
        raise Failed(says)


class Browser:
    """A headless Chromium with one page, spoken to over two pipes (`--remote-debugging-pipe`)."""

    def __init__(self, binary, profile):
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()

        def hand_over():
            # The browser reads from 3 and writes to 4; both ends may have these numbers already.
            reading, writing = os.dup(to_read), os.dup(to_write)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        self.log = open(os.path.join(profile, "log"), "wb")
        self.process = subprocess.Popen(
            [binary, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-extensions", "--disable-background-networking",
             "--force-color-profile=srgb", f"--user-data-dir={profile}", "--remote-debugging-pipe",
             "about:blank"],
            preexec_fn=hand_over, close_fds=False, stdout=self.log, stderr=self.log)
        os.close(to_read)
        os.close(to_write)
        self.number, self.waiting, self.session = 0, b"", None
        self.events = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Performance"):
            self.ask(f"{domain}.enable")

    def hear(self, until):
        """The next message, or None when it is too late."""
        while b"\0" not in self.waiting:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.from_browser], [], [], left)[0]:
                return None
            piece = os.read(self.from_browser, 1 << 20)
            check(piece, "the browser ended by itself")
            self.waiting += piece
        message, self.waiting = self.waiting.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to_browser, data):]
        until = time.monotonic() + PATIENCE
        while message := self.hear(until):
            if message.get("id") == self.number:
                check("error" not in message, f"{method}: {message.get('error')}")
                return message["result"]
            self.events.append(message)
        raise Failed(f"{method}: no answer in {PATIENCE} s")

    def run(self, script):
        """The value of an expression on the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        check("exceptionDetails" not in answer, f"{script[:120]}: {answer.get('exceptionDetails')}")
        return answer["result"].get("value")

    def until(self, script, says, patience=PATIENCE):
        """Waits until an expression is true, and gives it back."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if value := self.run(script):
                return value
            time.sleep(0.1)
        raise Failed(f"{says}: not within {patience} s ({script})")

    def go(self, url):
        self.ask("Page.navigate", url=url)
        self.until("document.readyState === 'complete'", f"{url} is there")

    def click(self, element):
        """A real click, in the middle of what `element` says."""
        x, y = self.run(f"""(() => {{ const e = {element}; e.scrollIntoView({{block: 'center'}});
            const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key, code=None):
        number = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowRight": 39, "ArrowDown": 40}[key]
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=code or key,
                     windowsVirtualKeyCode=number)
            if kind == "rawKeyDown" and key == "Enter":
                self.ask("Input.dispatchKeyEvent", type="char", text="\r", key=key)

    def size(self, width, height, mobile=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=mobile)

    def prefer(self, **features):
        listed = [{"name": f"prefers-{name.replace('_', '-')}", "value": value}
                  for name, value in features.items()]
        self.ask("Emulation.setEmulatedMedia", features=listed)

    def picture(self, path):
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def complaints(self):
        """What the console was told, and every request that went elsewhere than `origin`."""
        self.run("1")
        said = []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                said.append(params["exceptionDetails"].get("exception", {}).get("description", "?"))
            elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                said.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
                said.append(str([a.get("value") for a in params["args"]]))
        return said

    def requests(self):
        return [event["params"]["request"]["url"] for event in self.events
                if event.get("method") == "Network.requestWillBeSent"]

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


class Soak:
    """A run of the simulation, and the address that it says."""

    def __init__(self, binary, directory, *options):
        self.directory = directory
        self.output = open(os.path.join(directory, "output"), "w+b")
        self.process = subprocess.Popen(
            [binary, "run", "--config", "configs/dev.yaml", "--report", directory,
             "--set", f"checkpoint.path={directory}/checkpoints",
             "--set", "metrics.prometheus.enabled=true",
             "--set", f"metrics.prometheus.port={free_port()}",
             *options], stdout=self.output, stderr=subprocess.STDOUT)
        self.address = self.find_address()

    def said(self):
        with open(self.output.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def find_address(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := re.search(r"watch: (http://\S+/)", self.said()):
                return found[1]
            check(self.process.poll() is None, f"the run ended early:\n{self.said()}")
            time.sleep(0.05)
        raise Failed(f"the run says no address:\n{self.said()}")

    def wait(self, patience):
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"the run did not end in {patience} s:\n{self.said()[-2000:]}") from late

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()


CARD = "document.querySelector('#members [data-id=\"{}\"]')"
SENT = "Number(document.querySelector('#tiles dd span').textContent.replaceAll(',', ''))"
CARRIED = ("Number(document.querySelector('#members [data-id=\"{}\"] .carries')"
           ".textContent.replaceAll(',', '').split(' ')[0])")
# Name and role of every control that the keyboard reaches.
NAMELESS = """[...document.querySelectorAll('button, a[href], input, summary, canvas[tabindex], [role=img]')]
  .filter(e => e.offsetParent && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length))
  .map(e => e.outerHTML.slice(0, 120))"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def figures_move(browser):
    browser.until("document.getElementById('connection').dataset.state === 'live'", "connected")
    browser.until("document.querySelectorAll('#members [data-state=live]').length === 4", "4 workers live")
    first = browser.until(SENT, "something is sent")
    browser.until(f"{SENT} > {first}", "the figures move")
    browser.until("Boolean(document.querySelector('#rate canvas'))", "the curves are drawn")
    browser.until("[...document.querySelectorAll('#tiles dd span')][3].textContent === '40'", "all owned")
    crowned = browser.run("document.querySelectorAll('#members .crown:not([hidden])').length")
    check(crowned == 1, f"{crowned} leaders are crowned")


def kill_by_click(browser):
    """Kills a follower with the mouse: it turns red, and its partitions move."""
    victim = browser.run("""[...document.querySelectorAll('#members [data-state=live]')]
        .find(e => e.querySelector('.crown').hidden).dataset.id""")
    card = CARD.format(victim)
    check(browser.run(CARRIED.format(victim)) > 0, f"{victim} owns nothing")
    browser.run("document.getElementById('owners').open = true")
    rows = "[...document.querySelectorAll('#owners-rows tr')]"
    mine = f"{rows}.find(r => r.cells[0].textContent === '{victim}')"
    browser.until(f"Boolean({mine})", f"{victim} is in the table of owners")
    pixels = "document.getElementById('map').toDataURL()"
    before = browser.run(pixels)
    browser.click(card)
    browser.until("document.getElementById('member').open", "the dialog opens")
    browser.click("[...document.querySelectorAll('#member button')].find(b => b.textContent === 'Kill')")
    browser.until("document.querySelector('#member .said').textContent.includes('worker_crash')",
                  "the page says what it did")
    browser.until(f"{card}.dataset.state === 'crashed'", f"{victim} turns red")
    check("crashed" in browser.run(f"{card}.querySelector('.state').textContent"), "it says so in words")
    bad = browser.run("""(() => { const probe = document.createElement('i'); document.body.append(probe);
        probe.style.color = 'var(--bad)'; const c = getComputedStyle(probe).color; probe.remove(); return c; })()""")
    red = browser.run(f"getComputedStyle({card}.querySelector('.state')).color")
    check(red == bad, f"its state is {red}, not {bad}")
    browser.press("Escape")
    browser.until("!document.getElementById('member').open", "Escape closes the dialog")
    browser.until(f"!{mine}", f"the partitions of {victim} move")
    browser.until(f"{pixels} !== {json.dumps(before[-64:])} && {pixels}.length > 100", "the map is drawn")
    check(browser.run(pixels) != before, "the map shows nothing of the hand-over")
    browser.until("[...document.querySelectorAll('#timeline td')].some(t => t.textContent === 'worker crash')",
                  "the timeline tells of it")
    return victim


def leader_by_keyboard(browser):
    """Reaches the leader's card by Tab, pauses it by Enter; the crown goes to somebody else."""
    leader = browser.until("""document.querySelector('#members .crown:not([hidden])')
        ?.closest('button').dataset.id""", "somebody leads")
    browser.run("document.activeElement.blur(); document.getElementById('main').focus()")
    for _ in range(60):
        browser.press("Tab")
        if browser.run("document.activeElement.dataset.id") == leader:
            break
    else:
        raise Failed(f"Tab does not reach {leader}")
    outline = browser.run("getComputedStyle(document.activeElement).outlineStyle")
    check(outline != "none", "the focus cannot be seen")
    browser.press("Enter")
    browser.until("document.getElementById('member').open", "Enter opens the dialog")
    for _ in range(12):
        if browser.run("document.activeElement.textContent") == "Pause":
            break
        browser.press("Tab")
    else:
        raise Failed("Tab does not reach the button")
    browser.press("Enter")
    browser.until(f"{CARD.format(leader)}.dataset.state === 'paused'", f"{leader} turns amber")
    browser.press("Escape")
    browser.until(f"""document.querySelector('#members .crown:not([hidden])')?.closest('button').dataset.id
        !== '{leader}'""", "the crown is passed on")
    back = browser.run("document.activeElement.dataset.id")
    check(back == leader, f"the focus went to {back} when the dialog was closed")


def map_by_keyboard(browser):
    browser.run("document.getElementById('map').focus()")
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    said = browser.run("document.getElementById('map-cell').textContent")
    check(re.match(r"Partition 1 \(weight \d+\): worker-\d+ since .+, epoch \d+", said), f"the map says {said!r}")


def map_shows_owners(browser):
    """Whoever owns anything is on the map in its colour, and nobody else."""
    drawn = """(() => { const c = document.getElementById('map'), seen = new Map();
        const copy = new OffscreenCanvas(c.width, c.height).getContext('2d', {willReadFrequently: true});
        copy.drawImage(c, 0, 0);
        const data = copy.getImageData(0, 0, c.width, c.height).data;
        for (let i = 0; i < data.length; i += 4) {
          const k = `rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]})`; seen.set(k, (seen.get(k) ?? 0) + 1); }
        const rows = [...document.querySelectorAll('#owners-rows th')].map(th => th.textContent);
        return rows.some(name => name.startsWith('worker')) && [...document.querySelectorAll('#members button')].every(card => {
          const colour = getComputedStyle(card.querySelector('.swatch')).backgroundColor;
          return rows.includes(card.dataset.id) === (seen.get(colour) > 100); }); })()"""
    browser.until(drawn, "the map has the colours of the owners in the table")


def looks(browser, screenshots):
    """On a phone, in the dark, without motion."""
    for scheme in ("light", "dark"):
        browser.prefer(color_scheme=scheme)
        ground = browser.run("getComputedStyle(document.body).backgroundColor")
        light = sum(int(n) for n in re.findall(r"\d+", ground)[:3]) > 380
        check(light == (scheme == "light"), f"{scheme}: the ground is {ground}")
        if screenshots:
            browser.size(1280, 1240)
            browser.run("window.scrollTo(0, 0)")
            time.sleep(1)
            browser.picture("docs/page.png" if scheme == "light" else "docs/page-dark.png")
    browser.prefer(color_scheme="light")
    browser.size(360, 740, mobile=True)
    time.sleep(0.5)
    check(browser.run(OVERFLOW) <= 0, f"a phone scrolls sideways by {browser.run(OVERFLOW)} px")
    if screenshots:
        browser.picture("docs/page-phone.png")
    browser.size(1280, 1240)


def accessible(browser, axe, what):
    nameless = browser.run(NAMELESS)
    check(not nameless, f"{what}: controls without a name: {nameless}")
    if not axe:
        return
    with open(axe, encoding="utf-8") as file:
        browser.run(file.read() + "; 1")
    found = browser.run("""axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})
        .then(r => r.violations.map(v => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => n.target + ' ' + n.failureSummary).join(' | ')}`))""")
    check(not found, f"{what}: axe-core: " + "\n  ".join(found or []))


def report(browser, soak, axe, screenshots):
    path = os.path.join(os.path.abspath(soak.directory), "report.html")
    with open(os.path.join(soak.directory, "report.json"), encoding="utf-8") as file:
        judged = json.load(file)
    browser.events.clear()
    browser.go(f"file://{path}")
    word = browser.run("document.getElementById('verdict-word').textContent")
    check(word == judged["verdict"].capitalize(), f"report.html says {word}, report.json {judged['verdict']}")
    check(browser.run("document.getElementById('reproduce').textContent") == judged["reproduce"], "another command")
    config = json.loads(browser.run("document.getElementById('configuration').textContent"))
    check(config == judged["config"], "another configuration")
    text = browser.run("document.body.textContent")
    check(str(judged["seed"]) in text and "worker_crash" in text, "seed or fault is missing")
    browser.until("document.querySelectorAll('.chart canvas').length === 3", "the curves are drawn")
    pixels = "document.getElementById('map').toDataURL()"
    before, at = browser.run(pixels), browser.run("document.getElementById('map-time').textContent")
    browser.click("document.getElementById('map-on')")
    browser.until(f"document.getElementById('map-time').textContent !== {json.dumps(at)}", "time goes on")
    time.sleep(0.3)
    check(browser.run(pixels) != before, "the map does not follow the slider")
    browser.size(360, 740, mobile=True)
    check(browser.run(OVERFLOW) <= 0, "report.html scrolls sideways on a phone")
    browser.size(1280, 1240)
    accessible(browser, axe, "report.html")
    if screenshots:
        browser.run("window.scrollTo(0, 0)")
        time.sleep(0.5)
        browser.picture("docs/report.png")
    elsewhere = [url for url in browser.requests() if not url.startswith(("file://", "data:", "blob:"))]
    check(not elsewhere, f"report.html asks elsewhere: {elsewhere}")
    check(not browser.complaints(), f"report.html: the console says {browser.complaints()}")
    # Whoever has no JavaScript, or a printer, reads the same.
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.go(f"file://{path}")
    plain = browser.ask("DOM.getDocument", depth=-1)
    check(judged["verdict"] in json.dumps(plain).lower(), "without JavaScript there is no verdict")
    pages = base64.b64decode(browser.ask("Page.printToPDF")["data"])
    check(pages.startswith(b"%PDF"), "it cannot be printed")
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)


def live(browser, soak, axe, screenshots):
    browser.size(1280, 1240)
    browser.go(soak.address)
    figures_move(browser)
    accessible(browser, axe, "the page")
    victim = kill_by_click(browser)
    leader_by_keyboard(browser)
    map_by_keyboard(browser)
    map_shows_owners(browser)
    looks(browser, screenshots)
    browser.until(f"{CARD.format(victim)}.dataset.state === 'live'", f"{victim} comes back", 25)
    check(not browser.complaints(), f"the console says {browser.complaints()}")
    elsewhere = [url for url in browser.requests() if not url.startswith(soak.address)]
    check(not elsewhere, f"requests to others: {elsewhere}")
    soak.process.send_signal(signal.SIGINT)
    browser.until("document.getElementById('verdict').dataset.verdict === 'pass'", "the verdict is shown", 60)
    check(browser.run("document.getElementById('connection').dataset.state") == "over", "the page goes on")


def measure(browser, binary, scratch):
    """What the page costs at 1500 partitions and 100 workers, in milliseconds for each update."""
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        soak = Soak(binary, directory, "--duration", "25s", "--set", "partitions.count=1500",
                    "--set", "workers.count=100", "--set", "chaos.enabled=true", "--set", "chaos.interval=2s")
        try:
            browser.size(1280, 1240)
            browser.go(soak.address)
            browser.run("""window.costs = []; new PerformanceObserver(list => list.getEntries().forEach(
                e => window.costs.push(e.duration))).observe({type: 'measure'}); window.frames_ = []; let last = 0;
                requestAnimationFrame(function frame(now) { if (last) window.frames_.push(now - last); last = now;
                requestAnimationFrame(frame); }); 1""")
            time.sleep(4)
            before = {m["name"]: m["value"] for m in browser.ask("Performance.getMetrics")["metrics"]}
            began = time.monotonic()
            time.sleep(15)
            after = {m["name"]: m["value"] for m in browser.ask("Performance.getMetrics")["metrics"]}
            lasted = time.monotonic() - began
            costs, frames = sorted(browser.run("window.costs")), sorted(browser.run("window.frames_"))
            busy = {name: 1000 * (after[name] - before[name]) / lasted
                    for name in ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "TaskDuration")}
            at = lambda values, share: values[min(len(values) - 1, int(len(values) * share))] if values else 0
            print(f"1500 × 100: {len(costs)} updates in {lasted:.0f} s; update p50 {at(costs, .5):.1f} ms, "
                  f"p95 {at(costs, .95):.1f} ms, max {at(costs, 1):.1f} ms; frames p50 {at(frames, .5):.1f} ms, "
                  f"p99 {at(frames, .99):.1f} ms; a second costs " +
                  ", ".join(f"{name} {value:.0f} ms" for name, value in busy.items()))
            check(len(costs) > 10, "there were no updates")
            check(browser.run(OVERFLOW) <= 0, "the page scrolls sideways")
            if picture := os.environ.get("BROWSER_TEST_PICTURE"):
                browser.picture(picture)
        finally:
            soak.end()


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--simulation", required=True)
    words.add_argument("--chromium", required=True)
    words.add_argument("--axe", help="axe.min.js, if there is one")
    words.add_argument("--screenshots", action="store_true", help="write those of docs/")
    words.add_argument("--measure", action="store_true", help="say what 1500 partitions cost the browser")
    given = words.parse_args()
    # Whatever the browser still writes when it is gone is in nobody's way.
    with tempfile.TemporaryDirectory(prefix="browser-test-", ignore_cleanup_errors=True) as scratch:
        profile = os.path.join(scratch, "profile")
        directory = os.path.join(scratch, "run")
        os.mkdir(profile)
        os.mkdir(directory)
        browser = Browser(given.chromium, profile)
        try:
            if given.measure:
                measure(browser, given.simulation, scratch)
                return 0
            soak = Soak(given.simulation, directory, "--duration", "90s", "--seed", "7",
                        "--set", "partitions.count=40", "--set", "partitions.message_rate_per_partition=2",
                        "--set", "workers.count=4", "--set", "producers.count=3", "--set", "workers.lease=2s",
                        "--set", "chaos.enabled=true",
                        "--set", "chaos.script=[{at: 3s, event: slow_worker, for: 1s}]",
                        "--set", "chaos.restart_after=6s")
            try:
                live(browser, soak, given.axe, given.screenshots)
                code = soak.wait(30)
                check(code == 0, f"the run ended with {code}:\n{soak.said()[-3000:]}")
                report(browser, soak, given.axe, given.screenshots)
            finally:
                soak.end()
        except Failed as failed:
            if picture := os.environ.get("BROWSER_TEST_PICTURE"):
                browser.picture(picture)
            print(f"✕ {failed}", file=sys.stderr)
            return 1
        finally:
            browser.end()
    print("✓ the page and report.html do what they should in a browser")
    return 0


if __name__ == "__main__":
    sys.exit(main())
