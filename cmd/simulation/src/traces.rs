//! Where two traces part: for whoever finds that a seed does not give the same run twice.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::cli::TracesArgs;
use crate::failure::Failure;

/// Lines that are shown before the first that differs.
const BEFORE: usize = 2;
/// The longest line that is read, in bytes: of a trace it is far shorter.
const LINE_MAX: u64 = 1 << 20;

/// Prints the first line in which two traces differ; 1 if there is one.
pub fn diff(args: &TracesArgs) -> Result<u8, Failure> {
    let unreadable = |path: &Path, error: &std::io::Error| {
        Failure::Usage(format!("the trace {} cannot be read: {error}", path.display()))
    };
    let [first, second] = [&args.first, &args.second];
    let open =
        |path| File::open(path).map(BufReader::new).map_err(|error| unreadable(path, &error));
    let mut traces = [open(first)?, open(second)?];
    let (mut before, mut number) = (VecDeque::<String>::new(), 0);
    loop {
        number += 1;
        let [one, other] = &mut traces;
        let one = line(one).map_err(|error| unreadable(first, &error))?;
        let other = line(other).map_err(|error| unreadable(second, &error))?;
        match (one, other) {
            (None, None) => {
                println!("the traces are the same: {} lines", number - 1);
                return Ok(0);
            }
            (Some(one), Some(other)) if one == other => {
                before.push_back(one);
                if before.len() > BEFORE {
                    before.pop_front();
                }
            }
            (one, other) => {
                println!("the traces differ from line {number} on:");
                before.iter().for_each(|line| println!("  both    {line}"));
                for (line, trace) in [(one, first), (other, second)] {
                    let line = line.unwrap_or_else(|| "(has ended)".into());
                    println!("  differs {line}    ({})", trace.display());
                }
                return Ok(1);
            }
        }
    }
}

fn line(trace: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    trace.by_ref().take(LINE_MAX).read_until(b'\n', &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok((!bytes.is_empty()).then(|| text.trim_end_matches('\n').to_owned()))
}
