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
