//! An [`Interval`] as a section `{min, max}` whose parts can be set one by one, or as text in its
//! place (`20ms`, `10-50ms`).

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Interval, Millis};

/// What holds for the parts that are not given.
pub(crate) const DEFAULT: Interval = Interval { min: Millis::new(10), max: Millis::new(50) };

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MinMax {
    min: Millis,
    max: Millis,
}

impl Default for MinMax {
    fn default() -> Self {
        Self { min: DEFAULT.min, max: DEFAULT.max }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    MinMax(MinMax),
}

pub(crate) fn serialize<S: Serializer>(delay: &Interval, to: S) -> Result<S::Ok, S::Error> {
    MinMax { min: delay.min, max: delay.max }.serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Interval, D::Error> {
    match Form::deserialize(from)? {
        Form::Text(text) => text.parse().map_err(D::Error::custom),
        Form::MinMax(MinMax { min, max }) => Ok(Interval { min, max }),
    }
}

pub(crate) fn schema(generator: &mut SchemaGenerator) -> Schema {
    let part = |generator: &mut SchemaGenerator, description: &str, default: Millis| {
        let mut schema = generator.subschema_for::<Millis>();
        schema.insert("description".into(), description.into());
        schema.insert("default".into(), default.to_string().into());
        schema
    };
    let section = json_schema!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "min": part(generator, "Shortest time.", DEFAULT.min),
            "max": part(generator, "Longest time.", DEFAULT.max),
        },
    });
    let text = generator.subschema_for::<Interval>();
    json_schema!({ "anyOf": [section, text], "x-kind": "interval" })
}
