//! Finding a nats-server that will do.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::error::EmbeddedError;
use crate::version::ServerVersion;

/// The name of the program.
const PROGRAM: &str = "nats-server";
/// How long a program may take to say its version.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Finds a usable nats-server: `explicit` and nothing else if it is given (a command line option or
/// NATS_SERVER_BIN, read by the caller); else `.tools/nats-server` in the working directory or one
/// above it; else the PATH.
///
/// # Errors
///
/// [`EmbeddedError`] says which one was found instead and what is wrong with it.
pub async fn find_server(explicit: Option<&Path>) -> Result<PathBuf, EmbeddedError> {
    if let Some(path) = explicit {
        usable(path).await?;
        return Ok(path.to_owned());
    }
    let mut looked = Vec::new();
    for path in candidates() {
        match usable(&path).await {
            Ok(_) => return Ok(path),
            Err(error) => looked.push(error.to_string()),
        }
    }
    looked.push("nothing else in .tools or on PATH".to_owned());
    Err(EmbeddedError::NoServer { looked: looked.join("; ") })
}

fn candidates() -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let tools = here.ancestors().map(|dir| dir.join(".tools").join(PROGRAM));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|dir| dir.join(PROGRAM));
    tools.chain(on_path).filter(|path| path.is_file()).collect()
}

/// The version of the program at `path`, if it will do.
pub(super) async fn usable(path: &Path) -> Result<ServerVersion, EmbeddedError> {
    let not_usable = |why: String| EmbeddedError::NotUsable { path: path.to_owned(), why };
    let asked = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(ANSWER_WITHIN, asked)
        .await
        .map_err(|_| not_usable(format!("it did not say its version in {ANSWER_WITHIN:?}")))?
        .map_err(|error| not_usable(error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version: ServerVersion = said
        .parse()
        .map_err(|()| not_usable(format!("asked for its version it said {:?}", said.trim())))?;
    if version < ServerVersion::OLDEST {
        return Err(EmbeddedError::TooOld { path: path.to_owned(), version });
    }
    Ok(version)
}
