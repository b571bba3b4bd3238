//! What `cargo bench` measured: criterion leaves each result as two files of JSON, which are put into
//! one table here.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::Table;

/// Results that are so much older than the newest are of another day, and of another program.
const AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Directories within directories: `group/function/value/new`.
const DEPTH_MAX: usize = 5;

/// One result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Micro {
    /// Its group, and what was measured.
    pub name: String,
    /// The median of one iteration, in nanoseconds.
    pub nanoseconds: f64,
    /// Elements of one iteration, if they were counted.
    pub elements: Option<u64>,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum MicroError {
    /// Nothing was measured.
    #[error("{} holds no results: run `cargo bench` first, or say where they are", .0.display())]
    Nothing(PathBuf),
    /// Something cannot be read.
    #[error("{} cannot be read ({why}): run `cargo bench` again", path.display())]
    Unreadable {
        /// What.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
enum Throughput {
    Elements(u64),
    #[serde(untagged)]
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// Every result below `dir`, by name, but for old ones; and how many these are.
///
/// # Errors
///
/// [`MicroError`] if there is none, or one cannot be read.
pub fn collected(dir: &Path) -> Result<(Vec<Micro>, usize), MicroError> {
    let mut places = Vec::new();
    find(dir, DEPTH_MAX, &mut places);
    let Some(newest) = places.iter().map(|(_, at)| *at).max() else {
        return Err(MicroError::Nothing(dir.to_owned()));
    };
    let all = places.len();
    places.retain(|(_, at)| newest.duration_since(*at).is_ok_and(|age| age <= AGE_MAX));
    let micros: Result<Vec<_>, _> = places.iter().map(|(place, _)| one(place)).collect();
    let mut micros = micros?;
    micros.sort_by(|a, b| a.name.cmp(&b.name));
    let old = all - micros.len();
    Ok((micros, old))
}

/// Directories that hold a result, and when it was made.
fn find(dir: &Path, depth: usize, found: &mut Vec<(PathBuf, SystemTime)>) {
    let written = fs::metadata(dir.join("estimates.json")).and_then(|file| file.modified());
    if dir.ends_with("new")
        && let Ok(at) = written
    {
        found.push((dir.to_owned(), at));
    }
    let Ok(entries) = fs::read_dir(dir) else { return };
    if depth > 0 {
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.filter(|path| path.is_dir()).for_each(|path| find(&path, depth - 1, found));
    }
}

fn one(place: &Path) -> Result<Micro, MicroError> {
    let benchmark: Benchmark = read(&place.join("benchmark.json"))?;
    let estimates: Estimates = read(&place.join("estimates.json"))?;
    let elements = match benchmark.throughput {
        Some(Throughput::Elements(elements)) => Some(elements),
        Some(Throughput::Other(_)) | None => None,
    };
    let nanoseconds = estimates.median.point_estimate;
    Ok(Micro { name: benchmark.full_id, nanoseconds, elements })
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, MicroError> {
    let unreadable = |why: String| MicroError::Unreadable { path: path.to_owned(), why };
    let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))
}

/// The results as a table.
pub fn micro_table(micros: &[Micro]) -> Table {
    let mut table = Table::new(["benchmark", "median", "of one element", "elements a second"]);
    for Micro { name, nanoseconds, elements } in micros {
        let mut row = vec![name.clone(), time(*nanoseconds)];
        if let Some(elements) = elements {
            let each = nanoseconds / *elements as f64;
            row.extend([time(each), format!("{:.0}", 1e9 / each)]);
        }
        table.row(row);
    }
    table
}

/// Nanoseconds, with three digits that count.
fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns => (ns / 1e6, "ms"),
    };
    match value {
        value if value < 10.0 => format!("{value:.2} {unit}"),
        value if value < 100.0 => format!("{value:.1} {unit}"),
        value => format!("{value:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leave(dir: &Path, name: &str, throughput: &str, nanoseconds: f64) -> PathBuf {
        let place = dir.join(name).join("new");
        fs::create_dir_all(&place).unwrap();
        let benchmark =
            format!(r#"{{"group_id":"g","full_id":"g/{name}","throughput":{throughput}}}"#);
        let estimates = format!(r#"{{"median":{{"point_estimate":{nanoseconds}}}}}"#);
        fs::write(place.join("benchmark.json"), benchmark).unwrap();
        fs::write(place.join("estimates.json"), estimates).unwrap();
        place
    }

    #[test]
    fn results_are_found_by_name() {
        let dir = tempfile::tempdir().unwrap();
        leave(dir.path(), "b", r#"{"Elements":4}"#, 2e6);
        leave(dir.path(), "a", "null", 12.34);
        leave(dir.path(), "c", r#"{"Bytes":10}"#, 5e3);
        let old = leave(dir.path(), "d", "null", 1.0).join("estimates.json");
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        fs::File::options().write(true).open(old).unwrap().set_modified(long_ago).unwrap();
        fs::create_dir_all(dir.path().join("report")).unwrap();
        let (micros, left_out) = collected(dir.path()).unwrap();
        assert_eq!(left_out, 1);
        let names: Vec<_> = micros.iter().map(|micro| (&*micro.name, micro.elements)).collect();
        assert_eq!(names, [("g/a", None), ("g/b", Some(4)), ("g/c", None)]);
        let table = micro_table(&micros).to_string();
        assert!(table.contains("2.00 ms") && table.contains("500 µs"), "{table}");
        assert!(table.contains("2000 |") && table.contains("12.3 ns"), "{table}");
    }

    #[test]
    fn nothing_and_nonsense_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(collected(dir.path()), Err(MicroError::Nothing(_))));
        let place = leave(dir.path(), "a", "null", 1.0);
        fs::write(place.join("benchmark.json"), "{").unwrap();
        assert!(matches!(collected(dir.path()), Err(MicroError::Unreadable { .. })));
    }
}
