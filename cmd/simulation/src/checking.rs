//! `simulation check`: judges a recorded run again, from its history alone, and tells whether it comes
//! to what the run itself came to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use coordinator::{Report, Verdict};
use history::{Checked, Series};
use serde_json::Value;

use crate::cli::CheckArgs;
use crate::failure::Failure;

/// Keys that say most; they are named first.
const TELLING: [&str; 4] = ["verdict", "anomalies", "totals", "findings"];
/// Keys whose difference is named.
const NAMED_MAX: usize = 3;
/// Characters of a value that are shown.
const SHOWN_MAX: usize = 200;

/// Judges a history and gives the exit code of its verdict; that of a failure if the run itself came to
/// something else.
pub fn run(args: &CheckArgs) -> Result<u8, Failure> {
    let wrong = |error: history::HistoryError| Failure::Usage(error.to_string());
    let series = if args.history == Path::new("-") {
        Series::read("stdin".into(), std::io::stdin()).map_err(wrong)?
    } else {
        Series::open(&args.history).map_err(wrong)?
    };
    let Checked { report, told, cut } = history::check(series).map_err(wrong)?;
    let json = serde_json::to_string_pretty(&report)
        .map_err(|error| Failure::Environment(format!("the report is no JSON: {error}")))?;
    if let Some(dir) = &args.report {
        write(dir, &json)?;
    }
    if args.json {
        println!("{json}");
    } else {
        println!("{}", report.text());
        println!("Judged again: {told} records");
    }
    if let Some(why) = cut {
        eprintln!("simulation: {why}; what came after it is not judged");
        return Ok(report.exit_code);
    }
    compare(&args.history.join("report.json"), &report)
}

fn write(dir: &Path, json: &str) -> Result<(), Failure> {
    let path = dir.join("report.json");
    let written = fs::create_dir_all(dir).and_then(|()| fs::write(&path, json));
    written.map_err(|error| {
        let path = path.display();
        Failure::Environment(format!("{path} cannot be written ({error}); choose another --report"))
    })
}

/// The exit code, once it is known whether the run came to the same.
fn compare(path: &Path, report: &Report) -> Result<u8, Failure> {
    let Ok(text) = fs::read_to_string(path) else { return Ok(report.exit_code) };
    let name = path.display();
    let wrong = |error| Failure::Usage(format!("{name} is no report: {error}"));
    let given: Value = serde_json::from_str(&text).map_err(wrong)?;
    if given.get("totals").is_none() {
        eprintln!("simulation: {name} holds no judgement to compare with");
        return Ok(report.exit_code);
    }
    let own = serde_json::to_value(report).map_err(wrong)?;
    let differences = differences(&given, &own);
    if differences.is_empty() {
        eprintln!("simulation: {name} says the same");
        return Ok(report.exit_code);
    }
    eprintln!(
        "simulation: {name} says something else: {}. The judge or the recording is wrong, unless they \
         are of different versions (the run was judged by {}, this program is {})",
        differences.join("; "),
        report.commit,
        env!("SIMULATION_COMMIT"),
    );
    Ok(report.exit_code.max(Verdict::Correctness.exit_code()))
}

/// What differs, with both values.
fn differences(given: &Value, own: &Value) -> Vec<String> {
    let (Some(given), Some(own)) = (given.as_object(), own.as_object()) else {
        return vec!["it is no object".into()];
    };
    let all: BTreeSet<&str> = given.keys().chain(own.keys()).map(String::as_str).collect();
    let rest = all.into_iter().filter(|key| !TELLING.contains(key));
    let differ = TELLING.into_iter().chain(rest).filter(|key| given.get(*key) != own.get(*key));
    let named = differ.take(NAMED_MAX).map(|key| {
        let (given, own) = (shown(given.get(key)), shown(own.get(key)));
        format!("{key} is {given} there and {own} here")
    });
    named.collect()
}

fn shown(value: Option<&Value>) -> String {
    let text = value.map_or("absent".to_owned(), Value::to_string);
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
