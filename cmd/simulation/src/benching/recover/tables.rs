//! What was measured, as a table.

use bench::{Table, mark, quantile};
use serde_json::{Map, Value, json};

use super::Measured;
use super::found::After;
use super::plan::{self, Size};

/// What a take-over may take beside the lease, where one has to run out.
const TAKEOVER_MAX: f64 = 0.3;
/// What the start of a fleet of [`START_SIZE`] may take.
const START_MAX: f64 = 3.0;
const START_SIZE: Size = Size { partitions: 1_500, workers: 100 };

impl Measured {
    /// The bound, if there is one.
    fn bound(&self, after: After) -> Option<f64> {
        match after {
            After::Kill | After::LeaderKill => Some(self.lease.as_secs_f64() + TAKEOVER_MAX),
            After::Leave => Some(TAKEOVER_MAX),
            After::Start => (self.size == START_SIZE).then_some(START_MAX),
            After::Join | After::Restart | After::StartOfProcesses => None,
        }
    }
}

/// Everything, in words.
pub fn body(measured: &[Measured]) -> String {
    let mut body = format!(
        "Seconds until every partition in question was owned by whom it is granted to, as the judge of \
         each run saw it: from the kill; from the first partition that a leaver or a worker that restarts \
         let go of; from the record by which a worker joined; from the start of the run. A kill is \
         noticed when the lease has run out, which counts from the last sign of life. The p99 of less \
         than a hundred tries is the longest. Bounds are for the p99: lease + {TAKEOVER_MAX} s after a \
         kill, {TAKEOVER_MAX} s after a leave, {START_MAX} s for a start of {} × {}. {RATE} messages per \
         second.\n\n",
        START_SIZE.partitions,
        START_SIZE.workers,
        RATE = plan::RATE,
    );
    body += &table(measured).to_string();
    for Measured { size, verdict, .. } in measured.iter().filter(|one| !one.verdict.is_empty()) {
        body += &format!("\n{} did not pass: {verdict}.\n", words(*size));
    }
    if measured.iter().any(|one| !one.processes) {
        body += &format!(
            "\nMore than {} workers are tasks of one process, and a kill drops the task: there is no \
             room here for as many processes.\n",
            plan::PROCESSES_MAX
        );
    }
    body
}

fn table(measured: &[Measured]) -> Table {
    let mut table = Table::new([
        "partitions × workers",
        "after",
        "tries",
        "least",
        "median",
        "p99",
        "bound",
        "",
    ]);
    for one in measured {
        for (after, all) in &one.found.0 {
            let quantile = |part| quantile(all, part).unwrap_or(0.0);
            let figure = |part| format!("{:.3}", quantile(part));
            let bound = one.bound(*after);
            let kept = bound.map(|bound| quantile(0.99) <= bound);
            table.row([
                words(one.size),
                after.words().to_owned(),
                all.len().to_string(),
                figure(0.0),
                figure(0.5),
                figure(0.99),
                bound.map_or_else(String::new, |bound| format!("{bound:.1}")),
                kept.map_or("", mark).to_owned(),
            ]);
        }
    }
    table
}

fn words(size: Size) -> String {
    format!("{} × {}", size.partitions, size.workers)
}

/// One size, for programs: every time.
pub fn json(one: &Measured) -> Value {
    let all = one.found.0.iter().map(|(after, all)| {
        let bound = one.bound(*after);
        (after.words().to_owned(), json!({ "seconds": all, "bound": bound }))
    });
    json!({
        "partitions": one.size.partitions,
        "workers": one.size.workers,
        "lease_seconds": one.lease.as_secs_f64(),
        "processes": one.processes,
        "verdict": one.verdict,
        "after": all.collect::<Map<_, _>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::found::Found;
    use super::*;

    fn measured(size: Size, all: &[(After, f64)]) -> Measured {
        let mut found = Found::default();
        all.iter().for_each(|(after, seconds)| found.add(*after, *seconds));
        let (lease, verdict) = (Duration::from_secs(2), String::new());
        Measured { size, lease, processes: true, found, verdict }
    }

    /// What a row says of its p99, its bound and whether that is kept.
    fn rows(measured: Measured) -> Vec<[String; 3]> {
        let table = table(&[measured]).to_string();
        let cells = |row: &str| row.split('|').map(|cell| cell.trim().to_owned()).collect();
        let rows = table.lines().skip(2).map(cells);
        rows.map(|cells: Vec<String>| [6, 7, 8].map(|at| cells[at].clone())).collect()
    }

    #[test]
    fn each_bound_holds_up_to_its_edge() {
        use After::{Join, Kill, LeaderKill, Leave, Restart, Start, StartOfProcesses};
        let kept = [(Kill, 2.3), (LeaderKill, 2.3), (Leave, 0.3), (Start, 3.0)];
        let kept = rows(measured(START_SIZE, &kept));
        let row = |p99: &str, bound: &str, mark: &str| [p99, bound, mark].map(str::to_owned);
        assert_eq!(
            kept,
            [
                row("2.300", "2.3", "✓"),
                row("2.300", "2.3", "✓"),
                row("0.300", "0.3", "✓"),
                row("3.000", "3.0", "✓")
            ]
        );
        let broken =
            [(Kill, 1.0), (Kill, 2.301), (LeaderKill, 2.301), (Leave, 0.301), (Start, 3.1)];
        let broken = rows(measured(START_SIZE, &broken));
        assert!(broken.len() == 4 && broken.iter().all(|[_, _, mark]| mark == "✗"), "{broken:?}");
        let none = [(Join, 99.0), (Restart, 99.0), (StartOfProcesses, 99.0)];
        let none = rows(measured(START_SIZE, &none));
        assert_eq!(none, [(); 3].map(|()| row("99.000", "", "")));
        let other = Size { partitions: 100, ..START_SIZE };
        assert_eq!(rows(measured(other, &[(Start, 99.0)])), [row("99.000", "", "")]);
    }

    #[test]
    fn the_page_says_who_did_not_pass_and_who_was_no_process() {
        let mut bad = measured(Size { partitions: 7, workers: 3 }, &[]);
        assert!(!body(&[measured(START_SIZE, &[])]).contains("did not pass"));
        (bad.processes, bad.verdict) = (false, "a gap".into());
        let body = body(&[measured(START_SIZE, &[]), bad]);
        assert!(body.contains("\n7 × 3 did not pass: a gap.\n"), "{body}");
        assert!(body.contains("a kill drops the task"), "{body}");
    }
}
