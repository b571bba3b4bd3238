//! Bounds hold up to their edges, and figures are those that were measured.

use clap::Parser;

use super::*;
use crate::cli::{BenchCommand, Cli, Command};

const MEMORY: Case = Case { storage: Storage::Memory, replicas: 1 };
const CLUSTER: Case = Case { storage: Storage::Memory, replicas: 3 };

fn round(per_second: u64) -> Round {
    Round {
        messages: per_second * 2,
        seconds: 2.0,
        cpu_seconds: per_second as f64 * 2.0 * 30e-6,
        server_cpu_seconds: Some(per_second as f64 * 2.0 * 40e-6),
        memory: 50_000_000,
        latencies: None,
    }
}

fn args(words: &[&str]) -> PipelineArgs {
    let cli = Cli::try_parse_from([&["simulation", "bench", "pipeline"], words].concat());
    match cli.unwrap().command {
        Some(Command::Bench(BenchCommand::Pipeline(args))) => args,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_bound_holds_up_to_its_edge() {
    assert!(is_good(MEMORY, 37_500.0, 30_000.0));
    assert!(!is_good(MEMORY, 37_600.0, 30_000.0), "less than 0.8 of it");
    assert!(!is_good(MEMORY, 30_000.0, 29_999.0), "fewer than 30,000");
    assert!(is_good(CLUSTER, 1000.0, 800.0) && !is_good(CLUSTER, 1000.0, 799.0));
    let marks = |cpu, memory| {
        let steady = Steady { messages: 1, cpu, memory };
        let table = this_steady(&steady, &args(&[])).to_string();
        table.chars().filter(|c| "✓✗".contains(*c)).collect::<String>()
    };
    assert_eq!(marks(0.59, 299_999_999), "✓✓");
    assert_eq!(marks(0.6, 299_999_999), "✗✓");
    assert_eq!(marks(0.59, 300_000_000), "✓✗");
}

#[test]
fn medians_are_told_of_what_both_carried_and_used() {
    let bare = [9_000, 40_000, 50_000].map(round).into();
    let whole = [35_000, 36_000, 99_000].map(round).into();
    let paced = [round(1), round(1)];
    let table = most(&[Measured { case: MEMORY, most: [bare, whole], rate: 1.0, paced }]);
    let table = table.to_string();
    let cells: Vec<_> = table.lines().nth(2).unwrap().split('|').map(str::trim).collect();
    let figures = ["memory, 1", "40000", "36000", "0.90", "30 + 40", "30 + 40", "50", "50", "✓"];
    assert_eq!(cells[1..10], figures);
    let theirs = Round { server_cpu_seconds: None, ..round(7) };
    assert_eq!(cpu(&[round(7), theirs]), "30", "nobody tells it of all of them");
}

#[test]
fn the_page_says_what_the_user_set() {
    let steady = Steady { messages: 1, cpu: 0.1, memory: 1 };
    let set = args(&["--set", "workers.count=3", "--set", "producers.count=1"]);
    let body = body(&[], &steady, &set);
    assert!(body.contains("but with workers.count=3, producers.count=1"), "{body}");
}
