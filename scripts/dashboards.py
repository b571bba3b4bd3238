#!/usr/bin/env python3
"""The source of the Grafana dashboards: rows of panels, each with its queries.

    scripts/dashboards.py            writes docker/grafana/dashboards/*.json
    scripts/dashboards.py --check    says whether they are what this file makes of them (exit code 1 if not)

In a query `$run` stands for the labels of whoever judges the run, `$roles` for those of the processes
that play one role each.
"""

import json
import sys
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent.parent / "docker/grafana/dashboards"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
RUN = 'job="simulation", instance=~"$instance"'
ROLES = 'job="roles", instance=~"$instance"'
GOOD, BAD, DOUBTFUL, PLAIN = "green", "red", "orange", "blue"


def expand(expr):
    return expr.replace("$roles", ROLES).replace("$run", RUN)


def target(ref, expr, legend, instant=False):
    return {
        "refId": ref,
        "datasource": SOURCE,
        "expr": expand(expr),
        "legendFormat": legend,
        "instant": instant,
        "range": not instant,
    }


def targets(queries, instant=False):
    return [target(chr(65 + n), expr, legend, instant) for n, (legend, expr) in enumerate(queries)]


def panel(kind, title, description, queries, unit, width, height, options, defaults=None, instant=False):
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": SOURCE,
        "gridPos": {"w": width, "h": height},
        "targets": targets(queries, instant),
        "fieldConfig": {"defaults": {"unit": unit, **(defaults or {})}, "overrides": []},
        "options": options,
    }


def stat(title, description, expr, unit="short", bad_above=None, width=3, text="value", legend=""):
    """One figure. Above `bad_above` it is red, up to it green; without a bound it is plain."""
    steps = [{"color": PLAIN, "value": None}]
    if bad_above is not None:
        steps = [{"color": GOOD, "value": None}, {"color": BAD, "value": bad_above + 1}]
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "background" if bad_above is not None else "value",
        "graphMode": "none",
        "textMode": text,
    }
    defaults = {"thresholds": {"mode": "absolute", "steps": steps}, "noValue": "–"}
    return panel("stat", title, description, [(legend, expr)], unit, width, 4, options, defaults, True)


def verdict(expr):
    made = stat("Verdict so far", "Running while nothing is wrong; correctness or liveness once something was found.",
                expr, width=6, text="name", legend="{{verdict}}")
    made["options"]["colorMode"] = "background"
    colours = {"running": PLAIN, "pass": GOOD, "correctness": BAD, "liveness": BAD,
               "inconclusive": DOUBTFUL, "environment": DOUBTFUL}
    made["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byName", "options": name},
         "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]}
        for name, colour in colours.items()
    ]
    return made


def series(title, description, queries, unit="short", width=8, stacked=False, bars=False):
    custom = {"lineWidth": 1, "fillOpacity": 60 if bars else 10, "showPoints": "never",
              "drawStyle": "bars" if bars else "line",
              "stacking": {"mode": "normal" if stacked else "none", "group": "A"}}
    options = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", title, description, queries, unit, width, 8, options, {"min": 0, "custom": custom})


def quantiles(title, description, histogram, labels, by=""):
    """The middle, the slow and the slowest of a histogram of seconds."""
    split = f", {by}" if by else ""
    mark = f" {{{{{by}}}}}" if by else ""
    queries = [
        (f"{name}{mark}",
         f"histogram_quantile({q}, sum by (le{split}) (rate({histogram}_bucket{{{labels}}}[$__rate_interval])))")
        for name, q in (("half", 0.5), ("95 %", 0.95), ("99 %", 0.99))
    ]
    return series(title, description, queries, "s")


def heatmap(title, description, histogram, labels):
    expr = f"sum by (le) (increase({histogram}_bucket{{{labels}}}[$__rate_interval]))"
    options = {"calculate": False, "yAxis": {"unit": "s"}, "color": {"scheme": "Oranges", "mode": "scheme"},
               "cellGap": 1, "tooltip": {"mode": "single", "yHistogram": True}}
    made = panel("heatmap", title, description, [("{{le}}", expr)], "short", 12, 8, options)
    made["targets"][0]["format"] = "heatmap"
    return made


def rate(family, labels="$run"):
    return f"sum(rate({family}{{{labels}}}[$__rate_interval]))"


def now(family, labels="$run"):
    return f"sum({family}{{{labels}}})"


def anomalies(title, description, match):
    return stat(title, description, f"sum(simulation_anomalies_total{{$run, class{match}}})", bad_above=0)


RUN_ROWS = [
    ("Verdict", [
        verdict("simulation_verdict{$run} == 1"),
        anomalies("Lost", "Messages that were stored or acknowledged, and are not done.", '=~"lost_.+"'),
        anomalies("Done twice", "Second accepted effects of a message, and messages stored twice.", '="duplicate"'),
        anomalies("Out of order", "Effects below an earlier one of their partition.", '="out_of_order"'),
        anomalies("Other breaches", "Of ownership, epochs, payloads and bounds.",
                  '!~"lost_.+|duplicate|out_of_order"'),
        stat("Sent", "Distinct messages that were acknowledged or found stored.",
             now("simulation_messages_sent_total")),
        stat("Done", "Distinct messages with an effect.", now("simulation_messages_received_total")),
        stat("Leader", "The member that leads the group.", "simulation_leader_info{$run}", width=6, text="name",
             legend="{{member}}"),
        stat("Term", "Rises with every election.", now("simulation_leader_term")),
        stat("Epoch", "Rises with every change of the assignment.", now("simulation_assignment_epoch")),
        stat("Unowned now", "Partitions without a live owner.", now("simulation_partitions_unowned"), bad_above=0),
        stat("Faults", "What chaos has done so far.", now("simulation_faults_total")),
        stat("Judge behind", "Age of the newest record that was judged.",
             "max(simulation_ledger_lag_seconds{$run})", unit="s", bad_above=29),
        series("Breaches by class", "Everything the judge found wrong, by class; zero is what it should be.",
               [("{{class}}", "sum by (class) (simulation_anomalies_total{$run})")], width=24, stacked=True),
    ]),
    ("Flow", [
        series("Messages per second", "Sent, stored and done should lie on each other.",
               [("sent", rate("simulation_messages_sent_total")), ("stored", rate("simulation_messages_stored_total")),
                ("done", rate("simulation_messages_received_total"))], "mps"),
        series("On their way", "Stored and not done; passed over is lost unless it still comes.",
               [("in flight", now("simulation_messages_in_flight")),
                ("passed over", now("simulation_messages_passed_over")),
                ("in doubt", now("simulation_messages_in_doubt"))]),
        series("Publishes that took effort", "Tried again, found stored after doubt, refused for good, never begun.",
               [("retries", rate("simulation_publish_retries_total")),
                ("recovered", rate("simulation_messages_recovered_total")),
                ("rejected", rate("simulation_publish_rejected_total")),
                ("shed", rate("simulation_messages_shed_total"))], "ops"),
        series("Handler", "Calls beyond one for each message are work done twice: at-least-once, as promised.",
               [("attempts", rate("simulation_handler_attempts_total")),
                ("failures", rate("simulation_handler_failures_total")),
                ("effects", rate("simulation_effects_total")),
                ("fenced", rate("simulation_effects_fenced_total"))], "ops"),
        series("Records not judged yet", "How many records the judge is behind what the broker holds.",
               [("{{stream}}", "sum by (stream) (simulation_ledger_lag_records{$run})")]),
        series("Age of what was judged last", "Rises when the judge or its broker stands still.",
               [("seconds", "max(simulation_ledger_lag_seconds{$run})")], "s"),
    ]),
    ("Ownership", [
        series("Workers", "By the state of their newest life.",
               [("{{state}}", "sum by (state) (simulation_workers{$run})")], stacked=True),
        series("Partitions", "With and without a live owner.",
               [("owned", now("simulation_partitions_owned")), ("unowned", now("simulation_partitions_unowned"))],
               stacked=True),
        series("Zombies and claims", "Members that came back to find their partition claimed; claims of partitions.",
               [("zombies", rate("simulation_zombies_total")), ("claims", rate("simulation_claims_total"))], "ops"),
        series("Partitions of each worker", "What every worker that lives owns.",
               [("{{worker}}", "sum by (worker) (simulation_worker_partitions{$run})")], width=12),
        series("Load of each worker", "Weight of what it owns, as a share of all: equal shares are balance.",
               [("{{worker}}", "sum by (worker) (simulation_worker_load{$run})")], "percentunit", width=12),
    ]),
    ("Rebalances and chaos", [
        series("Faults", "What chaos did, by event.",
               [("{{event}}", "sum by (event) (increase(simulation_faults_total{$run}[$__rate_interval])) > 0")],
               width=12, stacked=True, bars=True),
        series("Faults so far", "What chaos has done since the run began, and what it had to skip.",
               [("{{event}}", "sum by (event) (simulation_faults_total{$run}) > 0"),
                ("skipped", now("simulation_faults_skipped_total"))], width=12, stacked=True),
        series("Rebalances", "Changes of the assignment per minute.",
               [("rebalances", "60 * " + rate("simulation_rebalances_total"))]),
        series("Partitions moved", "Partitions that got another owner, per minute.",
               [("moved", "60 * " + rate("simulation_rebalance_partitions_moved_sum"))]),
        series("Partition-seconds unowned", "Per second: 1 is one partition that nobody owned all the time.",
               [("unowned", rate("simulation_unowned_partition_seconds_total"))]),
        series("How long rebalances take", "From a plan until everybody owns what was granted, over the time shown.",
               [(name, f"histogram_quantile({q}, sum by (le) "
                 "(increase(simulation_rebalance_duration_seconds_bucket{$run}[$__range])))")
                for name, q in (("half", 0.5), ("95 %", 0.95))], "s", width=12),
        series("How many partitions a rebalance moves", "Over the time shown.",
               [(name, f"histogram_quantile({q}, sum by (le) "
                 "(increase(simulation_rebalance_partitions_moved_bucket{$run}[$__range])))")
                for name, q in (("half", 0.5), ("95 %", 0.95))], width=12),
    ]),
    ("Latency", [
        quantiles("End to end", "From when a message was stored until its effect was, by the broker's clock.",
                  "simulation_end_to_end_seconds", "$run"),
        quantiles("Processing", "How long each call of a worker's handler took.",
                  "simulation_processing_seconds", "$run"),
        quantiles("Publishing", "From when a message fell due until its producer knew that it was stored.",
                  "simulation_publish_seconds", "$run"),
        heatmap("End to end, all of it", "Every message by how long it took: what waits through a fault stands out.",
                "simulation_end_to_end_seconds", "$run"),
        heatmap("Publishing, all of it", "Every message by how long it took to be stored for certain.",
                "simulation_publish_seconds", "$run"),
    ]),
    ("Resources", [
        series("CPU", "Cores in use by the simulation, and by the server if it is the run's own.",
               [("simulation", rate("process_cpu_seconds_total")),
                ("nats-server", rate("simulation_server_cpu_seconds_total"))], "short"),
        series("Memory", "Resident; over hours it should not rise.",
               [("simulation", now("process_resident_memory_bytes")),
                ("nats-server", now("simulation_server_resident_memory_bytes"))], "bytes"),
        series("Tasks and open files", "Over hours neither should rise.",
               [("tasks", now("simulation_tokio_tasks")), ("open files", now("process_open_fds"))]),
        series("Checkpoints", "Written and failed so far.",
               [("written", now("simulation_checkpoint_total")),
                ("failed", now("simulation_checkpoint_failures_total"))]),
        series("Size of a checkpoint", "Of the newest one; nothing where a run keeps none.",
               [("size", now("simulation_checkpoint_bytes"))], "bytes"),
        series("What a checkpoint costs", "To write it, and for how long the run stood still; and how old it is.",
               [("to write", now("simulation_checkpoint_seconds")),
                ("standstill", now("simulation_checkpoint_pause_seconds")),
                ("age", now("simulation_checkpoint_age_seconds"))], "s"),
    ]),
]

ROLE_ROWS = [
    ("Producers", [
        series("Messages per second", "Acknowledged to each producer.",
               [("{{instance}}", "rate(simulation_producer_messages_acked_total{$roles}[$__rate_interval])")], "mps"),
        series("In doubt", "Publishes whose outcome the producer does not know.",
               [("{{instance}}", "simulation_producer_in_doubt{$roles}")]),
        series("Effort", "Tried again, found stored after doubt, refused for good, never begun.",
               [("retries", rate("simulation_producer_retries_total", "$roles")),
                ("recovered", rate("simulation_producer_recovered_total", "$roles")),
                ("rejected", rate("simulation_producer_rejected_total", "$roles")),
                ("shed", rate("simulation_producer_shed_total", "$roles"))], "ops"),
        quantiles("Publishing", "From when a message fell due until the producer knew that it was stored.",
                  "simulation_producer_publish_seconds", "$roles"),
        series("Partitions", "That each producer sends to.",
               [("{{instance}}", "simulation_producer_partitions{$roles}")]),
    ]),
    ("Workers", [
        series("Handler calls per second", "Of each worker.",
               [("{{instance}}", "rate(simulation_worker_attempts_total{$roles}[$__rate_interval])")], "ops"),
        series("Partitions", "That each worker believes it owns.",
               [("{{instance}}", "simulation_worker_owned_partitions{$roles}")], stacked=True),
        series("Leads", "Which worker believes that it leads.",
               [("{{instance}}", "simulation_worker_leading{$roles}")], stacked=True),
        series("Failures and refused effects", "Refused: somebody else had claimed the partition.",
               [("failures", rate("simulation_worker_failures_total", "$roles")),
                ("fenced", rate("simulation_worker_fenced_total", "$roles"))], "ops"),
        quantiles("Processing", "How long each call of a handler took.",
                  "simulation_worker_processing_seconds", "$roles"),
    ]),
    ("Chaos", [
        series("Events so far", "That the controller carried out, by event, and that it had to skip.",
               [("{{event}}", "sum by (event) (simulation_chaos_events_total{$roles}) > 0"),
                ("skipped", now("simulation_chaos_skipped_total", "$roles"))], width=12, stacked=True),
        series("Broken now, and to come", "Faults that have not ended, and events of the schedule that are to come.",
               [("open", now("simulation_chaos_faults_open", "$roles")),
                ("to come", now("simulation_chaos_events_planned", "$roles"))], width=12),
    ]),
    ("Resources", [
        series("CPU", "Cores in use.",
               [("{{instance}}", "rate(process_cpu_seconds_total{$roles}[$__rate_interval])")]),
        series("Memory", "Resident.", [("{{instance}}", "process_resident_memory_bytes{$roles}")], "bytes"),
        series("Tasks", "That are alive.", [("{{instance}}", "simulation_tokio_tasks{$roles}")], width=4),
        series("Open files", "And connections.", [("{{instance}}", "process_open_fds{$roles}")], width=4),
    ]),
]

# Whatever happened stands as a line across every panel.
ANNOTATIONS = [
    ("Chaos", BAD, "sum by (event) (increase(simulation_faults_total{$run}[15s])) > 0", "{{event}}"),
    ("Elections", DOUBTFUL, "changes(simulation_leader_term{$run}[15s]) > 0", "a new leader"),
]


def annotation(name, colour, expr, title):
    return {"name": name, "datasource": SOURCE, "enable": True, "iconColor": colour, "expr": expand(expr),
            "step": "5s", "titleFormat": title, "useValueForTime": False}


def laid_out(rows):
    """Panels from left to right, a new line where one does not fit, under the heading of their row."""
    panels, y, number = [], 0, 0
    for title, members in rows:
        number += 1
        panels.append({"id": number, "type": "row", "title": title, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}})
        y, x, tallest = y + 1, 0, 0
        for member in members:
            size = member["gridPos"]
            if x + size["w"] > 24:
                x, y, tallest = 0, y + tallest, 0
            number += 1
            panels.append({"id": number, **member, "gridPos": {"x": x, "y": y, **size}})
            x, tallest = x + size["w"], max(tallest, size["h"])
        y += tallest
    return panels


def dashboard(uid, title, description, rows, instances, several, annotations):
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["parti-simulation"],
        "schemaVersion": 41,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
            {"name": "instance", "label": "Instance", "type": "query", "datasource": SOURCE, "refresh": 2,
             "query": {"query": f"label_values({instances}, instance)", "refId": "instances"},
             "definition": f"label_values({instances}, instance)", "sort": 1,
             "multi": several, "includeAll": several, **({"allValue": ".+"} if several else {})},
        ]},
        "annotations": {"list": [annotation(*one) for one in annotations]},
        "links": [{"type": "dashboards", "tags": ["parti-simulation"], "title": "Dashboards", "keepTime": True}],
        "panels": laid_out(rows),
    }


DASHBOARDS = {
    "run.json": dashboard(
        "parti-run", "Simulation: the run", "What becomes of every message, who owns what, and what chaos does to it.",
        RUN_ROWS, 'simulation_partitions{job="simulation"}', False, ANNOTATIONS),
    "roles.json": dashboard(
        "parti-roles", "Simulation: processes", "What producers, workers and chaos know of themselves, each in a process.",
        ROLE_ROWS, 'process_resident_memory_bytes{job="roles"}', True, []),
}


def main():
    stale = []
    for name, made in DASHBOARDS.items():
        path, text = DIRECTORY / name, json.dumps(made, indent=2, ensure_ascii=False) + "\n"
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"dashboards.py: {', '.join(stale)} differ from what this file makes: run scripts/dashboards.py")


if __name__ == "__main__":
    main()
