//! The broker in memory gives the same answers as a real nats-server: random sequences of requests,
//! made of both, one after the other, with everything compared but times and bytes.
//!
//! A normal run draws the same few sequences each time. With `SAME_ANSWERS_CASES` it draws so many,
//! and others each time; of some 1500 of those one differs, after a trim: the real server takes what was
//! delivered and is trimmed off its books twice at once (`decStreamPending`, `purge`), in either order.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod op;
mod pair;

use broker_nats::{ConnectOptions, NatsBroker};
use broker_virtual::{Options, VirtualBroker};
use model::Seed;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::op::ops;
use crate::pair::Pair;

/// Sequences in a normal run: some seconds.
const CASES: u32 = 24;
/// Requests of a sequence.
const LENGTH: usize = 60;

#[test]
fn both_brokers_give_the_same_answers() {
    let cases = std::env::var("SAME_ANSWERS_CASES").ok();
    let explore = cases.map(|cases| cases.parse().expect("a number of cases"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (server, real) = runtime.block_on(async {
        let server = common::start("same_answers").await;
        let options: ConnectOptions = common::connect_options(&server);
        let real = NatsBroker::connect(&options).await.unwrap();
        (server, real)
    });
    let config = Config {
        cases: explore.unwrap_or(CASES),
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = match explore {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, rng),
    };
    let result = runner.run(&ops(LENGTH), |ops| {
        runtime.block_on(async {
            let options = Options {
                latency_min: std::time::Duration::ZERO,
                latency_max: std::time::Duration::ZERO,
                ..Options::new(Seed(1))
            };
            let memory = VirtualBroker::new(options).client("memory");
            let mut pair = Pair::new(real.clone(), memory).await;
            for (index, op) in ops.iter().enumerate() {
                pair.run(op).await.map_err(|why| {
                    TestCaseError::fail(format!("request {index}, {op:?}: {why}"))
                })?;
            }
            Ok(())
        })
    });
    runtime.block_on(async { drop(server) });
    if let Err(error) = result {
        panic!("{error}");
    }
}
