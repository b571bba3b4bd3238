//! What runs in virtual time have found: every seed passes now, and is run again. `found/` holds the
//! scenarios, and says what each of them was.

use crate::common::{Place, number, run};

const FOUND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/in_virtual_time/found");
const FRAME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/explore.yaml");

#[tokio::test]
async fn what_was_found_is_mended() {
    let place = Place::new("found");
    for (scenario, seed) in [
        ("stale_epoch", "66"),
        ("rough", "51"),
        ("rough", "63"),
        ("rough", "390"),
        ("durable_numbers", "171"),
        ("durable_trim", "685"),
    ] {
        let config = format!("{FOUND}/{scenario}.yaml");
        let args = ["--config", &config, "--virtual", "--seed", seed, "--report", "run"];
        let ended = run(&place, scenario, &args).await;
        let report = place.report("run");
        let verdict = report["verdict"].as_str().unwrap();
        // What chaos would have liked to break, and could not, is no failure of the protocol.
        assert!(["pass", "inconclusive"].contains(&verdict), "{scenario} {seed}: {}", ended.out);
        let anomalies = report["anomalies"].as_object().unwrap();
        assert!(anomalies.values().all(|count| *count == 0), "{scenario} {seed}: {anomalies:?}");
        assert!(number(&report, "/totals/effects") > 100, "{scenario} {seed}: {}", ended.out);
    }
}

/// Seeds of the shipped frame: stale epochs, and a coordinator that went on while the broker was down.
#[tokio::test]
async fn what_the_shipped_frame_found_is_mended() {
    let place = Place::new("found-explore");
    for seed in ["459", "820", "702"] {
        let args = ["explore", "--config", FRAME, "--seeds", seed, "--out", seed, "--no-shrink"];
        let ended = run(&place, seed, &args).await;
        assert!(ended.out.contains("no seed failed"), "{seed}: {}", ended.out);
    }
}
