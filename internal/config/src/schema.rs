//! The JSON Schema of a configuration: for editors, and for our own checks and messages.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::Config;

/// The schema of a configuration file, as JSON Schema 2020-12 in one piece, without references.
///
/// Every key has its description, its default and its bounds. Keywords that start with `x-` are
/// notes to this crate; validators ignore them.
pub fn json_schema() -> Value {
    SCHEMA.clone()
}

pub(crate) static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
});

/// The keys of a section, or nothing if the node is not one.
pub(crate) fn properties(node: &Value) -> Option<&serde_json::Map<String, Value>> {
    section(node).and_then(|node| node.get("properties")).and_then(Value::as_object)
}

/// The node itself if it describes a section, or its alternative that does.
fn section(node: &Value) -> Option<&Value> {
    if node.get("properties").is_some() {
        return Some(node);
    }
    let forms = node.get("anyOf").and_then(Value::as_array)?;
    forms.iter().find(|form| form.get("properties").is_some())
}

/// The names that a choice allows, or nothing if the node is not a choice.
pub(crate) fn choices(node: &Value) -> Option<Vec<&Value>> {
    let listed = node.get("enum").and_then(Value::as_array).map(|list| list.iter().collect());
    let described = || {
        let forms = node.get("oneOf").and_then(Value::as_array)?;
        forms.iter().map(|form| form.get("const")).collect()
    };
    let among = || node.get("anyOf").and_then(Value::as_array)?.iter().find_map(choices);
    listed.or_else(described).or_else(among)
}

/// The keys that a section must have.
pub(crate) fn required(node: &Value) -> impl Iterator<Item = &str> {
    let keys = section(node).and_then(|node| node.get("required")).and_then(Value::as_array);
    keys.into_iter().flatten().filter_map(Value::as_str)
}

/// Whether the node allows a JSON type, such as `integer`.
pub(crate) fn allows(node: &Value, kind: &str) -> bool {
    match node.get("type") {
        Some(Value::String(only)) => only == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    }
}
