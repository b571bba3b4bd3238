//! Secrets: read from a configuration, handed to the broker, printed nowhere.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::schema_of;

/// What stands in the place of a secret wherever one would be printed.
pub(super) const HIDDEN: &str = "***";

/// A password or token. `Debug` and serialization show `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

schema_of!(Secret, "Secret", { "type": "string", "minLength": 1, "writeOnly": true });
