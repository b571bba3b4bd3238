//! `simulation bench parts`: what `cargo bench` measured, as a section of the page.

use bench::{collected, micro_table};
use serde_json::json;

use super::Findings;
use crate::cli::PartsArgs;
use crate::failure::Failure;

/// Reads the results.
pub fn run(args: &PartsArgs) -> Result<Findings, Failure> {
    let (micros, old) =
        collected(&args.results).map_err(|error| Failure::Usage(error.to_string()))?;
    if old > 0 {
        eprintln!(
            "simulation: {old} results are left out: they are more than a day older than the newest; \
             run `cargo bench` again"
        );
    }
    Ok(Findings {
        title: "Parts",
        used: Vec::new(),
        body: format!("{WORDS}\n{}", micro_table(&micros)),
        json: json!(micros),
        code: 0,
    })
}

const WORDS: &str = "\
What `cargo bench` measured before, in CPU time of one thread: each room has its benchmarks in `benches/`, and says \
there what they do.
";
