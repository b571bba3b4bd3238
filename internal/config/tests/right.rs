//! What must be accepted: both ends of every range, every form of a value, and pairs of keys that
//! only look as if they did not go together.

use config::{Config, Overrides};

const TABLE: &[&str] = &[
    "simulation: {duration: 1ms, seed: 0}",
    "simulation: {duration: 365d, seed: 18446744073709551615}",
    "partitions: {count: 1, message_rate_per_partition: 0.0001}\nproducers: {count: 1}",
    "partitions: {count: 100000, message_rate_per_partition: 1000000}\nproducers: {count: 100000}",
    "partitions: {weights: {exponential: {extreme_percent: 0.999, extreme_weight: 1}}}",
    "partitions: {weights: {exponential: {extreme_weight: 1000000, normal_weight: 1000000}}}",
    "producers: {rate_variation: {min: 0.001, max: 1000, pattern: per-producer}}",
    "workers: {count: 1, lease: 500ms, concurrency: 1, processing_delay: 0ms}",
    "workers: {count: 1000, concurrency: 10000, processing_delay: {min: 50ms}}",
    "workers: {strategy_config: {virtual_nodes: 1, load_bound: 1.01}}",
    "workers: {strategy_config: {virtual_nodes: 10000, load_bound: 10}}",
    "workers: {assignment_strategy: ConsistentHash, processing_delay: 10-50ms}",
    "workers: {assignment_strategy: RoundRobin, processing_delay: {}}",
    "workers: {consumption: fenced}\npartitions: {count: 1001}",
    "workers: {consumption: durable-per-partition}\npartitions: {count: 1000}",
    "workers: {consumption: durable-per-worker}\npartitions: {count: 1001}",
    "coordinator: {validation_window: 1ms, report_interval: 1ms, trim_after: 1}",
    "chaos: {events: []}",
    "chaos: {enabled: true, interval: 1ms, restart_after: 0s}",
    "chaos: {enabled: true, interval: 59m-2h}",
    "chaos: {interval: 2h}",
    "chaos: {enabled: true, events: [{event: worker_pause, for: 1h, weight: 0}, scale_up]}",
    "chaos: {events: [worker_pause, {event: worker_pause, for: 10-20s}]}",
    "chaos: {events: [{event: worker_crash, restart_after: never, target: leader}]}",
    "chaos: {enabled: true, script: [{at: 0s, event: worker_pause, target: leader, for: 20s}]}",
    "chaos: {enabled: true, interval: 2h, script: [{at: 1s, event: rolling_restart, pause_between: 0s}]}",
    "chaos: {enabled: true, script: [{at: 1s, event: scale_up}, {at: 1s, event: scale_down}]}",
    "chaos: {enabled: true, script: [{at: 1s, event: scale_up, count: 1000}, {at: 2s, event: worker_crash, target: worker-99}]}",
    "chaos: {enabled: true, script: [{at: 1s, event: network_delay, delay: 1s, jitter: 1s, target: producer-9}]}",
    "chaos: {enabled: true, script: [{at: 1s, event: network_lossy, loss: 0.999, target: any}]}",
    "chaos: {enabled: true, events: [broker_restart, network_delay]}",
    "chaos: {enabled: true, events: [network_delay]}\nnats: {mode: external, url: 'nats://a'}",
    "chaos: {events: [broker_restart]}\nnats: {mode: external}",
    "chaos: {token: abc, script: []}",
    "simulation: {mode: worker}\nchaos: {enabled: true, script: [{at: 1s, event: worker_pause, target: bob}]}",
    "simulation: {mode: chaos}\nworkers: {isolation: process}\nproducers: {isolation: task}",
    "nats: {mode: external, replicas: 3}",
    "nats: {mode: external, replicas: 5, url: 'nats://a:1,tls://b:2, c'}",
    "nats: {name_prefix: a}",
    "nats: {name_prefix: aA0-_aaaaaaaaaaaaaaaaaaaaaaaaaaa, existing: delete, port: 1}",
    "nats: {port: 65535, server_bin: /bin/x, jetstream: {store_dir: /tmp/x, storage: memory}}",
    "producers: {publishing: message-id}\nnats: {jetstream: {duplicate_window: 100ms}}",
    "nats: {jetstream: {max_memory: 1, max_file_storage: 9TiB}}",
    "nats: {auth: {user: u, password: p}, tls: {cert_file: c, key_file: k, required: true}}",
    "nats: {auth: {token: t}, tls: {ca_file: c}}",
    "nats: {auth: {credentials_file: c}}",
    "nats: {auth: {nkey_seed_file: n}}",
    "metrics: {prometheus: {enabled: true, port: 1, host: 0.0.0.0}}",
    "checkpoint: {enabled: true, interval: 1ms, path: x, keep: 1}",
];

#[test]
fn what_is_right_is_accepted() {
    for text in TABLE {
        let answer = Config::parse(text, "c.yaml", &Overrides::default());
        assert!(answer.is_ok(), "{text}\n{}", answer.unwrap_err());
    }
}
