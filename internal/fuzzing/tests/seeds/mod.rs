//! Good inputs of each target, and those that were once read wrongly (`fuzz/regressions`).

use std::fs;
use std::path::{Path, PathBuf};

/// The inputs of a target.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dirs: &[&str] = match target {
        "configuration" => &["configs", "internal/config/tests/examples"],
        "history" => &["internal/history/tests/corpus"],
        _ => &[],
    };
    let own = [format!("fuzz/seeds/{target}"), format!("fuzz/regressions/{target}")];
    let dirs = dirs.iter().map(|dir| (*dir).to_owned()).chain(own);
    let mut files = Vec::new();
    dirs.for_each(|dir| below(&root.join(dir), &mut files));
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn below(dir: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() { below(&path, files) } else { files.push(path) }
    }
}
