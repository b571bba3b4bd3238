//! Values that are written as text in a configuration: durations, intervals, sizes, addresses and
//! secrets. Each reads and prints the same text, and says what would be right when it is not.

pub(crate) mod delay;
mod duration;
mod interval;
mod restart_after;
mod secret;
mod size;
mod urls;

pub use duration::Millis;
pub use interval::Interval;
pub use restart_after::RestartAfter;
pub use secret::Secret;
pub use size::ByteSize;
pub use urls::ServerUrls;

/// Why a text is not a value of the wanted kind, and what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {right}")]
pub struct ValueError {
    /// What is wrong, such as `"5 parsecs" is not a duration`.
    pub what: String,
    /// What would be right, such as `use a number with a unit`.
    pub right: String,
}

impl ValueError {
    pub(crate) fn new(what: impl Into<String>, right: impl Into<String>) -> Self {
        Self { what: what.into(), right: right.into() }
    }
}

/// Serialization as the text of `Display`, deserialization by `FromStr`.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;

/// The named newtype's schema: one literal, written where the type is used.
macro_rules! schema_of {
    ($type:ty, $name:literal, $schema:tt) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
pub(crate) use schema_of;
