//! The one file that reads and writes YAML; whoever replaces `serde_yaml` changes nothing else.
//!
//! Text becomes a JSON tree, on which everything else works. `serde_yaml` keeps no places of values
//! after parsing, but it does put a place on every error. So a line is found by reading the text
//! once more with a reader that fails on purpose when it arrives at the key.

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::key::KeyPath;
use crate::seek::Seek;

/// Why a text is not YAML.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
}

/// Reads a text. An empty one is `null`.
pub(crate) fn parse(text: &str) -> Result<Value, SyntaxError> {
    Tree.deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| {
        let mut message = error.to_string();
        let line = error.location().map(|location| {
            let place = format!(" at line {} column {}", location.line(), location.column());
            message = message.replacen(&place, "", 1);
            location.line()
        });
        SyntaxError { line, message }
    })
}

/// The line of a key, from 1, or nothing if the text does not have it.
pub(crate) fn line_of(text: &str, path: &KeyPath) -> Option<usize> {
    let answer = Seek::to(path)?.deserialize(serde_yaml::Deserializer::from_str(text));
    answer.err().and_then(|error| error.location()).map(|location| location.line())
}

/// Writes a value.
pub(crate) fn render(value: &impl Serialize) -> String {
    serde_yaml::to_string(value).expect("a configuration has nothing that YAML cannot hold")
}

/// Builds a JSON tree; refuses what JSON would silently lose.
struct Tree;

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // JSON has no infinity: it stays a text, which no number accepts.
        Ok(Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Tree)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(key) = map.next_key_seed(NewKey(&values))? {
            values.insert(key, map.next_value_seed(Tree)?);
        }
        Ok(Value::Object(values))
    }
}

/// A key that is not yet among those of its mapping.
struct NewKey<'a>(&'a Map<String, Value>);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        if self.0.contains_key(key) {
            return Err(E::custom(format_args!("the key {key} is given twice")));
        }
        Ok(key.to_owned())
    }
}
