//! The server's configuration file, and the directories that it names.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{EmbeddedError, failed};
use super::{EmbeddedOptions, Store};

/// Makes the directories and writes the configuration; returns its path.
pub(super) fn prepare(options: &EmbeddedOptions) -> Result<PathBuf, EmbeddedError> {
    let dir = &options.dir;
    fs::create_dir_all(dir).map_err(failed("make the run directory", dir))?;
    let dir = dir.canonicalize().map_err(failed("find the run directory", dir))?;
    let store = store_dir(&options.store, &dir)?;
    remove_ports_files(&dir).map_err(failed("clear the run directory", &dir))?;
    let path = dir.join("nats-server.conf");
    fs::write(&path, text(options, &dir, &store)).map_err(failed("write", &path))?;
    Ok(path)
}

fn store_dir(store: &Store, dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let path = match store {
        Store::File(path) => path.clone(),
        Store::Memory => {
            let path = dir.join("memory");
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("empty", &path)(error));
                }
                _ => path,
            }
        }
    };
    fs::create_dir_all(&path).map_err(failed("make the store directory", &path))?;
    path.canonicalize().map_err(failed("find the store directory", &path))
}

/// A killed server leaves its ports file behind, and process ids come back.
fn remove_ports_files(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ports") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn text(options: &EmbeddedOptions, dir: &Path, store: &Path) -> String {
    let port = options.port.map_or("-1".to_owned(), |port| port.to_string());
    let mut limits = String::new();
    for (name, limit) in [("max_mem", options.max_memory), ("max_file", options.max_file_storage)] {
        if let Some(bytes) = limit {
            let _ = writeln!(limits, "  {name}: {bytes}");
        }
    }
    format!(
        "# Written anew at every start.\n\
         server_name: parti_embedded\n\
         listen: \"127.0.0.1:{port}\"\n\
         http: \"127.0.0.1:-1\"\n\
         ports_file_dir: {dir}\n\
         jetstream {{\n  store_dir: {store}\n{limits}}}\n\
         {extra}\n",
        dir = quoted(dir),
        store = quoted(store),
        extra = options.extra_config,
    )
}

fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
