//! `simulation bench`: small sizes, for what it says and where it writes it; never for how long it
//! takes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::fs;

use common::{Place, run};
use serde_json::Value;

const SMALL: &[&str] = &["bench", "assign", "--size", "300x20", "--size", "40x4", "--check"];

/// The small benchmark as JSON.
async fn measured(place: &Place) -> Value {
    let args = [SMALL, &["--json"]].concat();
    serde_json::from_str(&run(place, "json", &args).await.with(0).out).unwrap()
}

#[tokio::test]
async fn assignments_keep_their_bounds_in_small_groups() {
    let place = Place::new("bench_assign");
    let found = measured(&place).await;
    let cases = found["findings"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4, "two sizes, two kinds of weights");
    for case in cases {
        let strategies = case["strategies"].as_array().unwrap();
        assert_eq!(strategies.len(), 6, "{case:#}");
        for strategy in strategies {
            let measured = &strategy["outcome"]["measured"];
            assert_eq!(measured["changes"].as_array().unwrap().len(), 4, "{strategy:#}");
            let spread = &measured["spread"];
            assert!(spread["max"].as_f64() >= Some(1.0), "{strategy:#}");
            assert!(spread["min"].as_f64() <= Some(1.0), "{strategy:#}");
        }
    }
    let bounds = found["findings"]["bounds"].as_array().unwrap();
    let verdicts = bounds.iter().flat_map(|judged| judged["verdicts"].as_array().unwrap());
    let certain: Vec<_> = verdicts.filter(|verdict| verdict["deterministic"] == true).collect();
    assert!(certain.len() >= 4 * 3 + 2 * 2, "{bounds:#?}");
    assert!(certain.iter().all(|verdict| verdict["kept"] == true), "{certain:#?}");
    let records = found["findings"]["records"].as_array().unwrap();
    assert_eq!(records.len(), 2 * 5, "a start and four changes of two groups");
    assert!(records.iter().all(|written| written["moved"].as_u64() > Some(0)), "{records:#?}");
}

#[tokio::test]
async fn a_section_is_written_and_nothing_else_is_touched() {
    let place = Place::new("bench_page");
    place.file("page.md", "# Mine\n\nMy words.\n\n<!-- bench recover -->\nother\n");
    let args = [SMALL, &["--markdown", "page.md"]].concat();
    let first = run(&place, "first", &args).await.with(0);
    assert!(first.out.contains("| WeightedConsistentHash |"), "{}", first.out);
    assert!(first.err.is_empty(), "no progress without a terminal: {}", first.err);
    let page = fs::read_to_string(place.path("page.md")).unwrap();
    assert!(page.starts_with("# Mine\n\nMy words.\n\n<!-- bench recover -->\nother\n"), "{page}");
    for words in [
        "<!-- bench assign -->",
        "bin/simulation bench assign --size 300x20",
        "cores, ",
        "rustc ",
        "| 300 × 20",
        "<!-- end of bench assign -->",
    ] {
        assert!(page.contains(words), "{words:?} is not in {page}");
    }
    run(&place, "second", &args).await.with(0);
    let again = fs::read_to_string(place.path("page.md")).unwrap();
    assert_eq!(again.matches("<!-- bench assign -->").count(), 1, "{again}");
    assert_eq!(again.lines().count(), page.lines().count(), "{again}");
}

#[tokio::test]
async fn a_broken_bound_ends_a_check_with_an_error() {
    let place = Place::new("bench_check");
    // Of three equal partitions one of two members owns two: a third more than the mean.
    let uneven = ["bench", "assign", "--size", "3x2"];
    let shown = run(&place, "shown", &uneven).await.with(0);
    assert!(shown.out.contains("1.333 ≤ 1.050 ✗"), "{}", shown.out);
    let checked = [&uneven[..], &["--check", "--markdown", "page.md"]].concat();
    run(&place, "checked", &checked).await.with(1);
    let page = fs::read_to_string(place.path("page.md")).unwrap();
    assert!(page.contains("1.333 ≤ 1.050 ✗"), "what is broken is written, too: {page}");
}

#[tokio::test]
async fn a_page_that_is_missing_is_made() {
    let place = Place::new("bench_new_page");
    let args = ["bench", "assign", "--size", "20x2", "--markdown", "new.md"];
    run(&place, "made", &args).await.with(0);
    let page = fs::read_to_string(place.path("new.md")).unwrap();
    assert!(page.starts_with("# Performance\n"), "{page}");
}

#[tokio::test]
async fn what_cargo_bench_left_is_collected() {
    let place = Place::new("bench_parts");
    fs::create_dir_all(place.path("results/one/new")).unwrap();
    let benchmark = r#"{"full_id":"group/one","throughput":{"Elements":10}}"#;
    place.file("results/one/new/benchmark.json", benchmark);
    place.file("results/one/new/estimates.json", r#"{"median":{"point_estimate":2500.0}}"#);
    let args = ["bench", "parts", "--results", "results"];
    let found = run(&place, "found", &args).await.with(0);
    assert!(found.out.contains("| group/one | 2.50 µs |"), "{}", found.out);
    assert!(found.err.is_empty(), "{}", found.err);
    fs::create_dir_all(place.path("results/two/new")).unwrap();
    place.file("results/two/new/estimates.json", "of another day");
    let old = fs::File::options().write(true).open(place.path("results/two/new/estimates.json"));
    old.unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let found = run(&place, "old", &args).await.with(0);
    assert!(found.err.contains("1 results are left out"), "{}", found.err);
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let place = Place::new("bench_wrong");
    place.file("page.md", "<!-- bench assign -->\n");
    fs::create_dir_all(place.path("empty")).unwrap();
    let small = ["bench", "assign", "--size", "20x2"];
    let broken_page = [&small[..], &["--markdown", "page.md"]].concat();
    let no_page = [&small[..], &["--markdown", "."]].concat();
    let nowhere = [&small[..], &["--markdown", "nowhere/page.md"]].concat();
    for (args, code, says) in [
        (
            &["bench", "assign", "--size", "10"][..],
            2,
            "\"10\" is no size: give partitions and members",
        ),
        (&["bench", "assign", "--size", "5x1"], 2, "2 to 20000 members"),
        (&["bench", "assign", "--size", "0x5"], 2, "with 1 to 2000000 partitions"),
        (&broken_page, 2, "page.md: \"<!-- bench assign -->\" stands there without"),
        (&no_page, 2, ". cannot be read"),
        (&nowhere, 5, "nowhere/page.md cannot be written (No such file"),
        (&["bench", "parts", "--results", "empty"], 2, "run `cargo bench` first"),
        (&["bench", "nonsense"], 2, "nonsense"),
        (&["bench"], 2, "assign"),
    ] {
        let ended = run(&place, "wrong", args).await.with(code);
        assert!(ended.err.contains(says), "{args:?}: {says:?} is not in {}", ended.err);
        assert!(!ended.err.contains("panicked"), "{args:?}: {}", ended.err);
        assert!(ended.out.is_empty(), "{args:?}: nothing is measured: {}", ended.out);
    }
    let page = fs::read_to_string(place.path("page.md")).unwrap();
    assert_eq!(page, "<!-- bench assign -->\n", "it is left as it was");
}
