//! Files that a user names: written and read with words that say what to do.

use std::io::ErrorKind;
use std::path::Path;

use crate::failure::Failure;

/// Writes a file.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        let path = path.display();
        Failure::Environment(format!("{path} cannot be written ({error}); choose another place"))
    })
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
