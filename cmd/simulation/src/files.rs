//! Files that a user names: written and read with words that say what to do.

use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::failure::Failure;

/// Writes a file.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| unwritable(path, &error))
}

/// Fails as [`write()`] would, and leaves everything as it is.
pub fn can_be_written(path: &Path) -> Result<(), Failure> {
    let tried = match std::fs::OpenOptions::new().append(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            std::fs::read_dir(parent.unwrap_or(Path::new("."))).map(drop)
        }
        opened => opened.map(drop),
    };
    tried.map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &Error) -> Failure {
    let path = path.display();
    Failure::Environment(format!("{path} cannot be written ({error}); choose another place"))
}

/// Reads a file; `missing` if it is not there.
pub fn read_or(path: &Path, missing: &str) -> Result<String, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(missing.to_owned()),
        Err(error) => {
            let path = path.display();
            Err(Failure::Usage(format!("{path} cannot be read ({error}); choose another file")))
        }
    }
}
