"""The work of prometheus-test.sh: runs, a Prometheus that scrapes them, and every query put to it.

Changed for the test: where targets are, and that they are scraped every second (a run of half a
minute would otherwise be six points). Everything else is as it is shipped.
"""

import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIMULATION = sys.argv[1]
SECONDS = 26
SMALL = """
partitions: {count: 24, message_rate_per_partition: 4, distribution: exponential}
producers: {count: 2}
coordinator: {validation_window: 10s}
nats: {jetstream: {storage: memory}}
"""
ALONE = SMALL + """
simulation: {duration: %ds}
workers: {count: 6, processing_delay: 2-8ms, lease: 1s}
chaos:
  enabled: true
  restart_after: 2s
  script:
    - {at: 4s, event: worker_crash, target: worker}
    - {at: 7s, event: producer_crash, target: producer}
    - {at: 9s, event: worker_pause, target: worker, for: 3s}
    - {at: 13s, event: scale_up}
    - {at: 16s, event: leader_failure}
    - {at: 20s, event: worker_restart, target: worker}
checkpoint: {enabled: true, interval: 4s}
""" % SECONDS
# The longer one: its processes have to be there before anything can happen to them.
APART = SMALL + """
simulation: {duration: %ds}
workers: {count: 3, processing_delay: 2-8ms, lease: 1s}
chaos:
  enabled: true
  restart_after: 2s
  script:
    - {at: 8s, event: worker_restart, target: worker}
    - {at: 14s, event: worker_pause, target: worker, for: 3s}
""" % SECONDS


class Wrong(Exception):
    """What the test found, in words."""


def free_ports(count):
    """Ports that nobody has now, each with the next ones free as well: roles take those."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Programs:
    """Everything that was started, with its output in a file."""

    def __init__(self, place):
        self.place = place
        self.running = {}

    def start(self, name, command, **environment):
        log = open(self.place / f"{name}.log", "w", encoding="utf-8")
        self.running[name] = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, cwd=self.place, env={**os.environ, **environment})
        log.close()

    def said(self, name):
        return (self.place / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def wait_for(self, name, pattern, seconds=30):
        """The match of `pattern` in what `name` says."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := re.search(pattern, self.said(name)):
                return found
            if self.running[name].poll() is not None:
                break
            time.sleep(0.1)
        raise Wrong(f"{name} never said {pattern!r}; it said:\n{self.said(name)}")

    def ended(self, name, seconds):
        """Waits for the end of `name`, which must be good."""
        try:
            code = self.running[name].wait(seconds)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{name} did not end within {seconds} s:\n{self.said(name)[-2000:]}") from None
        if code != 0:
            raise Wrong(f"{name} ended with code {code}:\n{self.said(name)[-3000:]}")

    def end_all(self):
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 10
        for process in self.running.values():
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


class Prometheus:
    """A Prometheus with the shipped configuration, and the answers it gives."""

    def __init__(self, programs, place, targets):
        port = free_ports(1)[0]
        shutil.copytree(ROOT / "docker/prometheus", place / "prometheus")
        for name, found in targets.items():
            path = place / f"prometheus/targets/{name}.yml"
            if not path.exists():
                raise Wrong(f"the shipped configuration has no targets/{name}.yml")
            path.write_text(json.dumps(found), encoding="utf-8")
        config = place / "prometheus/prometheus.yml"
        shipped = config.read_text(encoding="utf-8")
        faster = re.sub(r"(scrape|evaluation)_interval: 5s", r"\1_interval: 1s", shipped)
        if faster == shipped:
            raise Wrong("prometheus.yml has another interval than this test knows")
        config.write_text(faster, encoding="utf-8")
        self.url = f"http://127.0.0.1:{port}"
        self.began = time.time()
        programs.start("prometheus", [
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={place}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}"])

    def ask(self, what, **words):
        answer = json.loads(get(f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(words)}"))
        if answer["status"] != "success":
            raise Wrong(f"{words}: {answer}")
        return answer["data"]

    def finds(self, expr):
        """How many numbers the expression has over the time of the test."""
        found = self.ask("query_range", query=expr, start=self.began, end=time.time(), step=1)
        if found["resultType"] != "matrix":
            raise Wrong(f"{expr}: no series")
        values = (float(value) for one in found["result"] for _, value in one["values"])
        return sum(1 for value in values if not math.isnan(value))


def with_variables(expr, instance, began):
    """As a dashboard asks it."""
    for variable, value in {
        "$__rate_interval": "6s", "$__range": f"{int(time.time() - began) + 5}s", "$__interval": "1s",
        "$instance": instance,
    }.items():
        expr = expr.replace(variable, value)
    if "$" in expr:
        raise Wrong(f"a variable is not known: {expr}")
    return expr


def check_dashboards(prometheus, run):
    """Every query of every panel, variable and annotation finds data: those about one run, data of `run`."""
    empty, asked = [], 0
    for path in sorted((ROOT / "docker/grafana/dashboards").glob("*.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        instances = []
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                selector = re.fullmatch(r"label_values\((.+), instance\)", variable["definition"])[1]
                series = prometheus.ask("series", **{"match[]": selector, "start": prometheus.began})
                instances = sorted({one["instance"] for one in series})
                asked += 1
        if not instances:
            empty.append(f"{path.name}: the variable instance has no value")
        several = any(variable.get("multi") for variable in board["templating"]["list"])
        instance = "|".join(instances if several else [run])
        queries = [(panel["title"], target["expr"])
                   for panel in board["panels"] for target in panel.get("targets", [])]
        queries += [(f"annotation {one['name']}", one["expr"]) for one in board["annotations"]["list"]]
        for title, expr in queries:
            asked += 1
            if prometheus.finds(with_variables(expr, instance, prometheus.began)) == 0:
                empty.append(f"{path.name}, {title}: {expr}")
    return asked, empty


def check_alerts(prometheus):
    """Every selector of every alert finds data, and no alert fires on a run that is good."""
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    empty = []
    selectors = [(rule["name"], found) for rule in rules
                 for found in re.findall(r"[a-z_]+\{[^}]*\}", rule["query"])]
    for name, selector in selectors:
        if prometheus.finds(selector) == 0:
            empty.append(f"alert {name}: {selector}")
    unwell = [f"alert {rule['name']} cannot be evaluated: {rule['lastError']}"
              for rule in rules if rule["health"] == "err"]
    fired = [f"alert {rule['name']} fires on a run that is good: {rule['alerts']}"
             for rule in rules if any(alert["state"] == "firing" for alert in rule["alerts"])]
    if len(selectors) < len(rules):
        unwell.append("an alert has no selector of a metric")
    return len(selectors), empty + unwell + fired


def lint(page, url):
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    if checked.returncode != 0:
        raise Wrong(f"promtool refuses {url}/metrics:\n{checked.stdout}{checked.stderr}")


def check_page(url):
    """Healthy, ready, and Prometheus' own checker has nothing against its metrics."""
    page = get(f"{url}/metrics")
    lint(page, url)
    for path in ("", "/readyz"):
        subprocess.run([SIMULATION, "health", url + path], check=True, stdout=subprocess.DEVNULL)
    return page


def start_apart(programs, place):
    """Server, coordinator, chaos, producers and workers; where each serves its metrics."""
    (place / "apart.yaml").write_text(APART, encoding="utf-8")
    nats, judge, breaker = free_ports(3)
    programs.start("nats", [SIMULATION, "nats", "--memory", "--dir", "server", "--port", str(nats)])
    programs.wait_for("nats", "✓ nats-server")
    address = {"NATS_URL": f"nats://127.0.0.1:{nats}"}
    shown = ["--set", "metrics.prometheus.enabled=true", "--config", "apart.yaml"]
    lead = [SIMULATION, *shown, "--report", "apart", "--set", f"metrics.prometheus.port={judge}"]
    programs.start("coordinator", [*lead, "--mode", "coordinator"], **address)
    programs.wait_for("coordinator", "✓ coordinator started")
    port = ["--set", f"metrics.prometheus.port={breaker}"]
    programs.start("chaos", [SIMULATION, *shown, *port, "--mode", "chaos", "--report", "breaks"], **address)
    programs.wait_for("chaos", "✓ Chaos controller at")
    chaos = {"CHAOS_URL": f"http://127.0.0.1:{breaker}", **address}
    members = [("PRODUCER_ID", f"producer-{n}") for n in range(2)] + [("WORKER_ID", f"worker-{n}") for n in range(3)]
    for variable, name in members:
        programs.start(name, [SIMULATION, *shown, *port], **{variable: name}, **chaos)
    metrics = r"✓ Metrics of .+ at http://(\S+)/metrics"
    return f"127.0.0.1:{judge}", [f"127.0.0.1:{breaker}"] + [
        programs.wait_for(name, metrics)[1] for _, name in members]


def test(place, programs):
    """Returns how many queries were asked."""
    (place / "alone.yaml").write_text(ALONE, encoding="utf-8")
    judge, roles = start_apart(programs, place)
    port = free_ports(1)[0]
    programs.start("alone", [
        SIMULATION, "--config", "alone.yaml", "--report", "alone",
        "--set", "metrics.prometheus.enabled=true", "--set", f"metrics.prometheus.port={port}"])
    programs.wait_for("alone", "✓ Metrics at")
    alone = f"127.0.0.1:{port}"
    prometheus = Prometheus(programs, place, {
        "simulation": [{"targets": [alone, judge]}], "roles": [{"targets": roles}]})
    programs.wait_for("prometheus", "Server is ready to receive web requests")
    time.sleep(SECONDS - 6)
    for one in [alone, judge, *roles]:
        check_page(f"http://{one}")
    up = prometheus.ask("query", query="sum(up)")["result"]
    if [one["value"][1] for one in up] != [str(2 + len(roles))]:
        raise Wrong(f"{2 + len(roles)} processes should be up: {up}")
    dashboards, empty = check_dashboards(prometheus, alone)
    alerts, wrong = check_alerts(prometheus)
    for name in ("alone", "coordinator"):
        programs.ended(name, 30)
    if empty or wrong:
        raise Wrong("\n".join(["without data, or wrong:", *empty, *wrong]))
    return dashboards, alerts, len(roles) + 2


def main():
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="prometheus-test-") as place:
        programs = Programs(Path(place))
        try:
            dashboards, alerts, processes = test(Path(place), programs)
        except Wrong as wrong:
            sys.exit(f"prometheus-test.sh: {wrong}")
        finally:
            programs.end_all()
    print(f"✓ {dashboards} queries of dashboards and {alerts} selectors of alerts find data of {processes} "
          f"processes ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
