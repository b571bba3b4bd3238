//! What is wrong with a configuration is said exactly: file, line, key, what, and what to do.

use config::{Config, Overrides};

fn messages(text: &str) -> String {
    Config::parse(text, "c.yaml", &Overrides::default()).expect_err(text).to_string()
}

/// Text, and everything that is said about it.
#[rustfmt::skip]
const TABLE: &[(&str, &[&str])] = &[
    // Not YAML.
    ("partitions:\n  count: [1\n", &["c.yaml:3: not a YAML configuration: did not find expected ',' or ']', while parsing a flow sequence at line 2 column 10; check indentation, colons and quotes there"]),
    ("partitions:\n  count: 1\n count: 2\n", &["c.yaml:3: not a YAML configuration: did not find expected key, while parsing a block mapping; check indentation, colons and quotes there"]),
    ("workers:\n\tcount: 1\n", &["c.yaml:2: not a YAML configuration: found character that cannot start any token, while scanning for the next token; check indentation, colons and quotes there"]),
    ("workers:\n  count: 1\n  lease: 3s\n  count: 2\n", &["c.yaml:4: not a YAML configuration: workers: the key count is given twice; check indentation, colons and quotes there"]),
    ("simulation: !x 1\n", &["c.yaml:1: not a YAML configuration: simulation: invalid type: enum, expected a value without a tag; check indentation, colons and quotes there"]),
    ("a: 1\n---\nb: 2\n", &["c.yaml: not a YAML configuration: deserializing from YAML containing more than one document is not supported; check indentation, colons and quotes there"]),
    ("hello", &["c.yaml: \"hello\" is not a section; use the keys chaos, checkpoint, coordinator, metrics, nats, partitions, producers, simulation, workers, indented below it"]),
    // Unknown keys.
    ("partitons:\n  count: 1\n", &["c.yaml:1: partitons: unknown key; did you mean partitions?"]),
    ("# one\n\npartitions:\n  cuont: 1\n", &["c.yaml:4: partitions.cuont: unknown key; did you mean partitions.count?"]),
    ("simulation:\nduration: 5m\n", &["c.yaml:2: duration: unknown key; did you mean simulation.duration?"]),
    ("nats: {jetstream: {\n max_storage: 1GB}}\n", &["c.yaml:2: nats.jetstream.max_storage: unknown key; use one of duplicate_window, max_file_storage, max_memory, storage, store_dir"]),
    ("coordinator:\n  buffer_size: 10\n", &["c.yaml:2: coordinator.buffer_size: unknown key; use one of history, history_max, report_interval, trim_after, validation_window"]),
    ("workers:\n  processing_delay:\n    min: 1ms\n    mx: 2ms\n", &["c.yaml:4: workers.processing_delay.mx: unknown key; did you mean workers.processing_delay.max?"]),
    ("chaos:\n  events:\n  - event: worker_pause\n    fro: 10s\n", &["c.yaml:4: chaos.events[0].fro: unknown key; did you mean chaos.events[0].for?"]),
    ("chaos:\n  script:\n  - {at: 1s, event: scale_up, weight: 3}\n", &["c.yaml:3: chaos.script[0].weight: unknown key; use one of at, count, delay, event, factor, for, half_open, jitter, kill, loss, pause_between, restart_after, target"]),
    // Missing keys.
    ("chaos:\n  events:\n  - {weight: 5, for: 10s}\n", &["c.yaml:3: chaos.events[0]: event is missing; add it, beside the keys that are there"]),
    ("chaos:\n  script:\n  - event: scale_up\n", &["c.yaml:3: chaos.script[0]: at is missing; add it, beside the keys that are there"]),
    ("chaos:\n  script:\n  - {}\n", &["c.yaml:3: chaos.script[0]: at is missing; use the keys at, count, delay, event, factor, for, half_open, jitter, kill, loss, pause_between, restart_after, target, indented below it", "c.yaml:3: chaos.script[0]: event is missing; use the keys at, count, delay, event, factor, for, half_open, jitter, kill, loss, pause_between, restart_after, target, indented below it"]),
    // Wrong types.
    ("chaos:\n  script: now\n", &["c.yaml:2: chaos.script: \"now\" is not a list; use a list of sections with at, event, and parameters"]),
    ("chaos:\n  script: [~]\n", &["c.yaml:2: chaos.script[0]: has no value; use the keys at, count, delay, event, factor, for, half_open, jitter, kill, loss, pause_between, restart_after, target, indented below it, or leave the place out"]),
    ("chaos:\n  script: [scale_up]\n", &["c.yaml:2: chaos.script[0]: \"scale_up\" is not a section; use the keys at, count, delay, event, factor, for, half_open, jitter, kill, loss, pause_between, restart_after, target, indented below it"]),
    ("chaos:\n  events:\n  -\n", &["c.yaml:3: chaos.events[0]: has no value; use one of worker_crash, worker_restart, worker_pause, scale_up, scale_down, rolling_restart, leader_failure, leader_pause, producer_crash, network_disconnect, network_delay, network_lossy, broker_restart, slow_worker, or leave the place out"]),
    ("chaos:\n  script:\n  - {at: 5, event: worker_pause, for: 5}\n", &["c.yaml:3: chaos.script[0].at: 5 has no unit; add one of ms, s, m, h, d, such as 5s", "c.yaml:3: chaos.script[0].for: 5 has no unit; add one of ms, s, m, h, d, such as 5s"]),
    ("chaos:\n  events:\n  - {event: worker_crash, restart_after: soon}\n", &["c.yaml:3: chaos.events[0].restart_after: \"soon\" is not a duration; use whole numbers with a unit ms, s, m, h or d, such as 500ms, 10s or 1h30m, or never"]),
    ("chaos:\n  events:\n  - {event: worker_crash, target: a b}\n", &["c.yaml:3: chaos.events[0].target: \"a b\" is not a target; use worker, producer, leader, any, or the name of one, such as worker-3"]),
    ("chaos:\n  events:\n  - {event: worker_crash, target: 3}\n", &["c.yaml:3: chaos.events[0].target: 3 is not text; use worker, producer, leader, any, or the name of one, such as worker-3"]),
    ("chaos:\n  events:\n  - {event: network_lossy, loss: 1}\n  - {event: slow_worker, factor: 1.0}\n  - {event: scale_up, count: 0}\n  - {event: scale_up, weight: -1}\n", &[
        "c.yaml:3: chaos.events[0].loss: 1 is out of range; use a number greater than 0 and less than 1",
        "c.yaml:4: chaos.events[1].factor: 1.0 is out of range; use a number greater than 1 and at most 1000",
        "c.yaml:5: chaos.events[2].count: 0 is out of range; use a whole number from 1 to 1000",
        "c.yaml:6: chaos.events[3].weight: -1 is out of range; use a whole number from 0 to 1000000",
    ]),
    ("chaos:\n  events:\n  - {event: network_disconnect, half_open: maybe}\n", &["c.yaml:3: chaos.events[0].half_open: \"maybe\" is neither true nor false; use true or false"]),
    ("partitions: 5\n", &["c.yaml:1: partitions: 5 is not a section; use the keys count, distribution, message_rate_per_partition, weights, indented below it"]),
    ("partitions:\n  count: many\n", &["c.yaml:2: partitions.count: \"many\" is not a whole number; use a whole number from 1 to 100000"]),
    ("partitions:\n  count:\n", &["c.yaml:2: partitions.count: has no value; use a whole number from 1 to 100000, or leave the key out"]),
    ("partitions:\n  message_rate_per_partition: .inf\n", &["c.yaml:2: partitions.message_rate_per_partition: \"inf\" is not a number; use a number greater than 0 and at most 1000000"]),
    ("chaos:\n  enabled: yes\n", &["c.yaml:2: chaos.enabled: \"yes\" is neither true nor false; use true or false"]),
    ("chaos:\n  events: worker_crash\n", &["c.yaml:2: chaos.events: \"worker_crash\" is not a list; use a list of worker_crash, worker_restart, worker_pause, scale_up, scale_down, rolling_restart, leader_failure, leader_pause, producer_crash, network_disconnect, network_delay, network_lossy, broker_restart, slow_worker"]),
    ("chaos:\n  events:\n  - worker_crash\n  - network_cut\n", &["c.yaml:4: chaos.events[1]: \"network_cut\" is not known; use one of worker_crash, worker_restart, worker_pause, scale_up, scale_down, rolling_restart, leader_failure, leader_pause, producer_crash, network_disconnect, network_delay, network_lossy, broker_restart, slow_worker"]),
    ("checkpoint:\n  path: 5\n", &["c.yaml:2: checkpoint.path: 5 is not text; use text, in quotes if it looks like something else"]),
    ("nats:\n  name_prefix: 5\n", &["c.yaml:2: nats.name_prefix: 5 is not text; use 1 to 32 letters, digits, '-' and '_'"]),
    ("simulation:\n  duration: [1h]\n", &["c.yaml:2: simulation.duration: a list is not text; use whole numbers with a unit ms, s, m, h or d, such as 500ms, 10s or 1h30m"]),
    ("simulation:\n  mode: all\n", &["c.yaml:2: simulation.mode: \"all\" is not known; use one of all-in-one, producer, worker, coordinator, chaos"]),
    ("simulation:\n  seed: -1\n", &["c.yaml:2: simulation.seed: -1 is out of range; use a whole number from 0"]),
    ("nats:\n  auth:\n    password: 12345\n", &["c.yaml:3: nats.auth.password: the value is not text; use text, in quotes if it looks like something else"]),
    ("workers:\n  consumption: durable\n", &["c.yaml:2: workers.consumption: \"durable\" is not known; use one of fenced, durable-per-partition, durable-per-worker"]),
    ("workers:\n  consumption: durable-per-partition\npartitions:\n  count: 1001\n", &["c.yaml:4: partitions.count: 1001 partitions need as many consumers, and a stream has 1000 at the most; use a whole number from 1 to 1000, or another design of consumption"]),
    // Durations, intervals, sizes, addresses, names.
    ("simulation:\n  duration: 5 parsecs\n", &["c.yaml:2: simulation.duration: \"5 parsecs\" is not a duration; use whole numbers with a unit ms, s, m, h or d, such as 500ms, 10s or 1h30m"]),
    ("simulation:\n  duration: 10\n", &["c.yaml:2: simulation.duration: 10 has no unit; add one of ms, s, m, h, d, such as 10s"]),
    ("simulation:\n  duration: 0s\n", &["c.yaml:2: simulation.duration: 0s is too short; use a duration of at least 1ms"]),
    ("simulation:\n  duration: 2000h30000h\n", &["c.yaml:2: simulation.duration: \"2000h30000h\" is too long; use at most 365d"]),
    ("workers:\n  lease: 499ms\n", &["c.yaml:2: workers.lease: 499ms is too short; use a duration of at least 500ms"]),
    ("coordinator: {validation_window: 0s, report_interval: 0s}\n", &["c.yaml:1: coordinator.report_interval: 0s is too short; use a duration of at least 1ms", "c.yaml:1: coordinator.validation_window: 0s is too short; use a duration of at least 1ms"]),
    ("checkpoint:\n  interval: 0s\n", &["c.yaml:2: checkpoint.interval: 0s is too short; use a duration of at least 1ms"]),
    ("producers:\n  rate_variation:\n    ramp_interval: 0s\n", &["c.yaml:3: producers.rate_variation.ramp_interval: 0s is too short; use a duration of at least 1ms"]),
    ("chaos:\n  interval: often\n", &["c.yaml:2: chaos.interval: \"often\" is not an interval; use a duration or a range, such as 5m, 10m-30m or 10-30m"]),
    ("chaos:\n  interval: 30m-10m\n", &["c.yaml:2: chaos.interval: 30m is longer than 10m; put the shorter one first: 10m-30m"]),
    ("chaos:\n  interval: 0-10m\n", &["c.yaml:2: chaos.interval: 0s is too short; use a duration of at least 1ms"]),
    ("chaos:\n  interval: {min: 1m, max: 2m}\n", &["c.yaml:2: chaos.interval: a section is not text; use a duration or a range, such as 5m, 10m-30m or 10-30m"]),
    ("workers:\n  processing_delay: 10\n", &["c.yaml:2: workers.processing_delay: 10 has no unit; add one of ms, s, m, h, d, such as 10s"]),
    ("workers:\n  processing_delay:\n    min: fast\n", &["c.yaml:3: workers.processing_delay.min: \"fast\" is not a duration; use whole numbers with a unit ms, s, m, h or d, such as 500ms, 10s or 1h30m"]),
    ("nats:\n  jetstream:\n    max_memory: 10 elephants\n", &["c.yaml:3: nats.jetstream.max_memory: \"10 elephants\" is not a size; use a whole number of bytes, or one with a unit KB, MB, GB, TB, KiB, MiB, GiB or TiB"]),
    ("nats: {jetstream: {duplicate_window: 99ms}}\n", &["c.yaml:1: nats.jetstream.duplicate_window: 99ms is too short; use a duration of at least 100ms"]),
    ("producers:\n  publishing: ids\n", &["c.yaml:2: producers.publishing: \"ids\" is not known; use one of conditional, message-id"]),
    ("nats:\n  jetstream:\n    max_file_storage: 0\n", &["c.yaml:3: nats.jetstream.max_file_storage: 0 is out of range; use a size from 1 byte to 9000000TB"]),
    ("nats:\n  url: http://a:secret@host\n", &["c.yaml:2: nats.url: \"http://***@host\" is not an address; use nats://host:port or tls://host:port, several separated by commas"]),
    ("nats:\n  name_prefix: a.b\n", &["c.yaml:2: nats.name_prefix: \"a.b\" is not a name; use 1 to 32 letters, digits, '-' and '_'"]),
    ("nats:\n  name_prefix: ''\n", &["c.yaml:2: nats.name_prefix: \"\" is not a name; use 1 to 32 letters, digits, '-' and '_'"]),
    ("nats:\n  name_prefix: aaaaaaaaaabbbbbbbbbbccccccccccddd\n", &["c.yaml:2: nats.name_prefix: \"aaaaaaaaaabbbbbbbbbbccccccccccddd\" is not a name; use 1 to 32 letters, digits, '-' and '_'"]),
    ("checkpoint:\n  path: ''\n", &["c.yaml:2: checkpoint.path: is empty; use a text, or leave the key out"]),
    ("metrics: {prometheus: {host: ''}}\n", &["c.yaml:1: metrics.prometheus.host: is empty; use a text, or leave the key out"]),
    // Out of range.
    ("partitions:\n  count: 0\n", &["c.yaml:2: partitions.count: 0 is out of range; use a whole number from 1 to 100000"]),
    ("partitions:\n  count: 100001\n", &["c.yaml:2: partitions.count: 100001 is out of range; use a whole number from 1 to 100000"]),
    ("partitions:\n  message_rate_per_partition: 0\n", &["c.yaml:2: partitions.message_rate_per_partition: 0 is out of range; use a number greater than 0 and at most 1000000"]),
    ("partitions:\n  message_rate_per_partition: 1000001\n", &["c.yaml:2: partitions.message_rate_per_partition: 1000001 is out of range; use a number greater than 0 and at most 1000000"]),
    ("partitions:\n  weights:\n    exponential:\n      extreme_percent: 5\n", &["c.yaml:4: partitions.weights.exponential.extreme_percent: 5 is out of range; use a number greater than 0 and less than 1"]),
    ("partitions:\n  weights:\n    exponential:\n      extreme_percent: 0.0\n", &["c.yaml:4: partitions.weights.exponential.extreme_percent: 0.0 is out of range; use a number greater than 0 and less than 1"]),
    ("partitions:\n  weights:\n    exponential:\n      extreme_weight: 2.5\n      normal_weight: 0\n", &["c.yaml:4: partitions.weights.exponential.extreme_weight: 2.5 is not a whole number; weights are whole numbers from 1 to 1000000", "c.yaml:5: partitions.weights.exponential.normal_weight: 0 is out of range; weights are whole numbers from 1 to 1000000"]),
    ("producers:\n  count: 0\n", &["c.yaml:2: producers.count: 0 is out of range; use a whole number from 1 to 100000"]),
    ("producers: {rate_variation: {min: 0, max: 1001}}\n", &["c.yaml:1: producers.rate_variation.max: 1001 is out of range; use a number greater than 0 and at most 1000", "c.yaml:1: producers.rate_variation.min: 0 is out of range; use a number greater than 0 and at most 1000"]),
    ("workers:\n  count: 1001\n", &["c.yaml:2: workers.count: 1001 is out of range; use a whole number from 1 to 1000"]),
    ("workers:\n  count: 0\n", &["c.yaml:2: workers.count: 0 is out of range; use a whole number from 1 to 1000"]),
    ("workers:\n  concurrency: 0\n", &["c.yaml:2: workers.concurrency: 0 is out of range; use a whole number from 1 to 10000"]),
    ("workers:\n  concurrency: 10001\n", &["c.yaml:2: workers.concurrency: 10001 is out of range; use a whole number from 1 to 10000"]),
    ("workers:\n  strategy_config:\n    virtual_nodes: 0\n    load_bound: 1.0\n", &["c.yaml:3: workers.strategy_config.virtual_nodes: 0 is out of range; use a whole number from 1 to 10000", "c.yaml:4: workers.strategy_config.load_bound: 1.0 is out of range; use a number greater than 1 and at most 10"]),
    ("workers:\n  strategy_config:\n    virtual_nodes: 10001\n    load_bound: 10.1\n", &["c.yaml:3: workers.strategy_config.virtual_nodes: 10001 is out of range; use a whole number from 1 to 10000", "c.yaml:4: workers.strategy_config.load_bound: 10.1 is out of range; use a number greater than 1 and at most 10"]),
    ("coordinator:\n  trim_after: 0\n", &["c.yaml:2: coordinator.trim_after: 0 is out of range; use a whole number from 1 to 1000000000"]),
    ("nats:\n  replicas: 2\n", &["c.yaml:2: nats.replicas: 2 is not known; use one of 1, 3, 5"]),
    ("nats:\n  port: 0\n", &["c.yaml:2: nats.port: 0 is out of range; use a whole number from 1 to 65535"]),
    ("metrics:\n  prometheus:\n    port: 65536\n", &["c.yaml:3: metrics.prometheus.port: 65536 is out of range; use a whole number from 1 to 65535"]),
    ("checkpoint:\n  keep: 0\n", &["c.yaml:2: checkpoint.keep: 0 is out of range; use a whole number from 1 to 10000"]),
    // Two keys that do not go together.
    ("partitions:\n  count: 5\nproducers:\n  count: 6\n", &["c.yaml:4: producers.count: 6 is more than partitions.count, which is 5; use a whole number from 1 to 5"]),
    ("partitions:\n  count: 5\n", &["c.yaml:2: producers.count: 10 is more than partitions.count, which is 5; use a whole number from 1 to 5"]),
    ("producers:\n  rate_variation:\n    min: 2\n    max: 2\n", &["c.yaml:3: producers.rate_variation.min: 2 is not below rate_variation.max, which is 2; use a min below the max"]),
    ("workers:\n  processing_delay: {min: 60ms}\n", &["c.yaml:2: workers.processing_delay.min: 60ms is longer than processing_delay.max, which is 50ms; use a min up to the max"]),
    ("chaos:\n  enabled: true\n  events: []\n", &["c.yaml:3: chaos.events: chaos is enabled, but the list is empty; list at least one event, or use chaos.enabled: false"]),
    ("chaos:\n  events:\n  - {event: network_delay, jitter: 5s}\n  - {event: network_delay, delay: 1s, jitter: 5s}\n", &[
        "c.yaml:3: chaos.events[0].jitter: delay is missing; use delay and jitter together, or delay alone",
        "c.yaml:4: chaos.events[1].jitter: 5s is longer than the delay, which is 1s; use a jitter up to 1s",
    ]),
    ("chaos:\n  events:\n  - event: worker_pause\n    loss: 0.1\n    restart_after: 1s\n", &[
        "c.yaml:4: chaos.events[0].loss: means nothing for worker_pause; leave it out; it may have for, target",
        "c.yaml:5: chaos.events[0].restart_after: means nothing for worker_pause; leave it out; it may have for, target",
    ]),
    ("chaos:\n  events:\n  - event: scale_up\n    target: worker-0\n", &["c.yaml:4: chaos.events[0].target: means nothing for scale_up; leave it out; it may have count"]),
    ("chaos:\n  events: [scale_up, scale_down, scale_up]\n", &["c.yaml:2: chaos.events[2]: scale_up is listed twice with the same parameters; list it once, with a weight: {event: …, weight: …}"]),
    ("chaos:\n  events:\n  - {event: scale_up, weight: 1}\n  - {event: scale_up, weight: 2}\n", &["c.yaml:4: chaos.events[1]: scale_up is listed twice with the same parameters; list it once, with a weight: {event: …, weight: …}"]),
    ("chaos:\n  events:\n  - {event: scale_up, weight: 0}\n", &["c.yaml:2: chaos.events: every event has the weight 0, so that none would ever happen; give at least one of them a weight from 1"]),
    ("chaos:\n  script:\n  - {at: 1s, event: scale_up}\n  - {at: 1s, event: scale_up}\n", &["c.yaml:4: chaos.script[1]: scale_up at 1s stands there twice; write it once"]),
    ("simulation: {duration: 1m}\nchaos:\n  enabled: true\n  script:\n  - at: 60s\n    event: scale_up\n  - {at: 59s, event: worker_pause, for: 61s}\n  - {at: 1s, event: worker_crash, restart_after: 2m}\n", &[
        "c.yaml:5: chaos.script[0].at: 1m is not before the end of the run, at 1m; use a time below 1m, or a longer simulation.duration",
        "c.yaml:7: chaos.script[1].for: 1m1s is longer than the run, which is 1m; use at most 1m, or a longer simulation.duration",
        "c.yaml:8: chaos.script[2].restart_after: 2m is longer than the run, which is 1m; use at most 1m, or never",
    ]),
    ("producers: {count: 2}\nworkers: {count: 3}\nchaos:\n  enabled: true\n  script:\n  - {at: 1s, event: producer_crash, target: producer-2}\n  - {at: 2s, event: producer_crash, target: leader}\n  - {at: 3s, event: worker_pause, target: worker-3}\n  - {at: 4s, event: worker_pause, target: bob}\n  - {at: 5s, event: leader_pause, target: worker-1}\n  - {at: 6s, event: slow_worker, target: producer-1}\n  - {at: 7s, event: worker_pause, target: worker-02}\n", &[
        "c.yaml:6: chaos.script[0].target: there is no producer-2: producers.count is 2; use producer-0 to producer-1",
        "c.yaml:7: chaos.script[1].target: producer_crash cannot hit leader; use producer, or the name of one, such as producer-0",
        "c.yaml:8: chaos.script[2].target: there is no worker-3: workers.count is 3; use worker-0 to worker-2, worker, or leader",
        "c.yaml:9: chaos.script[3].target: there is no bob: workers.count is 3; use worker-0 to worker-2, worker, or leader",
        "c.yaml:10: chaos.script[4].target: leader_pause cannot hit worker-1; use leader, or leave it out",
        "c.yaml:11: chaos.script[5].target: slow_worker cannot hit producer-1; use worker, leader, or the name of a worker, such as worker-0",
        "c.yaml:12: chaos.script[6].target: there is no worker-02: workers.count is 3; use worker-0 to worker-2, worker, or leader",
    ]),
    ("chaos:\n  enabled: true\n  events: [broker_restart]\nnats:\n  jetstream: {storage: memory}\n", &["c.yaml:3: chaos.events[0]: broker_restart would lose every message: nats.jetstream.storage is memory; leave it out, or use nats.jetstream.storage: file"]),
    ("chaos:\n  enabled: true\n  events: [broker_restart]\nnats: {mode: external}\n", &["c.yaml:3: chaos.events[0]: broker_restart needs a server of the run's own, and nats.mode is external; leave it out, or use nats.mode: embedded"]),
    ("chaos:\n  enabled: true\n  events: [network_lossy]\nnats: {mode: external, tls: {required: true}}\n", &["c.yaml:3: chaos.events[0]: network_lossy puts a proxy in front of a connection, and over TLS the server's name would not be the one in its certificate; leave it out, or use a server without nats.tls"]),
    ("chaos:\n  enabled: true\n  events: [network_delay]\nnats: {mode: external, url: 'tls://a'}\n", &["c.yaml:3: chaos.events[0]: network_delay puts a proxy in front of a connection, and over TLS the server's name would not be the one in its certificate; leave it out, or use a server without nats.tls"]),
    ("simulation:\n  duration: 10m\nchaos:\n  enabled: true\n", &["c.yaml:2: chaos.interval: no event would ever happen: the first is due after 10m at the earliest, but simulation.duration is 10m; use an interval that starts below 10m"]),
    ("nats:\n  mode: embedded\n  replicas: 3\n", &["c.yaml:3: nats.replicas: 3 copies need a cluster, and the embedded server is alone; use 1, or nats.mode: external"]),
    ("nats:\n  auth:\n    token: a\n    user: b\n    password: c\n", &["c.yaml:2: nats.auth: 2 ways to log in (user and password, token); use one of them"]),
    ("nats:\n  auth:\n    nkey_seed_file: a\n    credentials_file: b\n", &["c.yaml:2: nats.auth: 2 ways to log in (credentials_file, nkey_seed_file); use one of them"]),
    ("nats:\n  auth:\n    user: b\n", &["c.yaml:3: nats.auth.user: password is missing; use user and password together, or neither"]),
    ("nats:\n  auth:\n    password: b\n", &["c.yaml:3: nats.auth.password: user is missing; use user and password together, or neither"]),
    ("nats:\n  tls:\n    cert_file: b\n", &["c.yaml:3: nats.tls.cert_file: key_file is missing; use cert_file and key_file together, or neither"]),
    ("nats:\n  tls:\n    key_file: b\n", &["c.yaml:3: nats.tls.key_file: cert_file is missing; use cert_file and key_file together, or neither"]),
    // Everything that is wrong is said, in the order of the file; a broken key hides only itself.
    ("workers:\n  cuont: 1\n  lease: 1\npartitions:\n  count: x\nnats:\n  replicas: 3\nproducers:\n  count: 5000\n", &[
        "c.yaml:2: workers.cuont: unknown key; did you mean workers.count?",
        "c.yaml:3: workers.lease: 1 has no unit; add one of ms, s, m, h, d, such as 1s",
        "c.yaml:5: partitions.count: \"x\" is not a whole number; use a whole number from 1 to 100000",
        "c.yaml:7: nats.replicas: 3 copies need a cluster, and the embedded server is alone; use 1, or nats.mode: external",
    ]),
];

#[test]
fn every_error_says_where_what_and_what_to_do() {
    let wrong: Vec<String> = TABLE
        .iter()
        .filter(|(text, expected)| messages(text) != expected.join("\n"))
        .map(|(text, expected)| {
            format!("{text}\n  is:  {}\n  not: {}\n", messages(text), expected.join("\n"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn lines_are_found_however_the_file_is_written() {
    for (text, line) in [
        ("---\n# partitions:\n#  count: 1\npartitions: # here\n\n\n   \"count\": 0\n", 7),
        ("partitions: {\n  message_rate_per_partition: 1,\n  count:\n    0}\n", 3),
        ("{\n \"workers\": {\"count\": 1},\n \"partitions\": {\"count\": 0}\n}\n", 3),
        ("workers:\n  count: 1\npartitions:\r\n  count: 0\r\n", 4),
        ("workers: &all\n  count: 1\npartitions:\n  count: &zero 0\n", 4),
        ("checkpoint:\n  path: |\n    partitions:\n      count: 0\npartitions:\n  count: 0\n", 6),
        ("checkpoint:\n  path: >-\n    a\n    b\n\n? partitions\n: ? count\n  : 0\n", 7),
    ] {
        let said = messages(text);
        assert!(said.starts_with(&format!("c.yaml:{line}: partitions.count: 0 ")), "{text}{said}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Config::load("no/such.yaml", &Overrides::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no/such.yaml: cannot be read: No such file or directory (os error 2); \
         give the path of a YAML file"
    );
    assert!(error.problems().is_empty());
}
