//! Checks a tree against the schema: keys, types, bounds, choices, and texts that have a form.
//! Everything that is wrong is found, not only the first.

use serde_json::Value;

use crate::Target;
use crate::error::Finding;
use crate::key::KeyPath;
use crate::schema::{SCHEMA, allows, choices, properties, required};
use crate::value::{ByteSize, Interval, Millis, RestartAfter, ServerUrls, ValueError};
use crate::words::{right, shown, unknown_key};

/// Everything that is wrong with single keys.
pub(crate) fn check(tree: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(&SCHEMA, tree, &KeyPath::default(), &mut findings);
    findings
}

fn visit(node: &Value, value: &Value, path: &KeyPath, findings: &mut Vec<Finding>) {
    match (value, properties(node)) {
        (Value::Object(values), Some(keys)) => {
            for missing in required(node).filter(|key| !values.contains_key(*key)) {
                let right = match values.is_empty() {
                    true => right(node),
                    false => "add it, beside the keys that are there".into(),
                };
                let error = ValueError::new(format!("{missing} is missing"), right);
                findings.push(Finding::new(path, error));
            }
            for (key, value) in values {
                let path = path.key(key);
                match keys.get(key) {
                    Some(node) => visit(node, value, &path, findings),
                    None => findings.push(Finding::new(&path, unknown_key(&path))),
                }
            }
        }
        (Value::Array(values), _) if allows(node, "array") => {
            for (index, value) in values.iter().enumerate() {
                let (node, path) = (&node["items"], path.index(index));
                match value {
                    // In a list there is no default that an empty value could stand for.
                    Value::Null => {
                        let error = ValueError::new(
                            "has no value",
                            format!("{}, or leave the place out", right(node)),
                        );
                        findings.push(Finding::new(&path, error));
                    }
                    _ => visit(node, value, &path, findings),
                }
            }
        }
        _ => findings.extend(leaf(node, value).err().map(|error| Finding::new(path, error))),
    }
}

/// Checks one value that has no parts.
fn leaf(node: &Value, value: &Value) -> Result<(), ValueError> {
    let wrong = |what: &str| {
        let shown = if is_secret(node) { "the value".into() } else { shown(value) };
        Err(ValueError::new(format!("{shown} {what}"), right(node)))
    };
    if value.is_null() {
        let may_be_empty = allows(node, "null") || allows(node, "object");
        let right = || format!("{}, or leave the key out", right(node));
        return if may_be_empty { Ok(()) } else { Err(ValueError::new("has no value", right())) };
    }
    if let Some(choices) = choices(node) {
        return if choices.contains(&value) { Ok(()) } else { wrong("is not known") };
    }
    if let Some(kind) = node.get("x-kind").and_then(Value::as_str) {
        return formed(kind, node, value);
    }
    if allows(node, "boolean") {
        return if value.is_boolean() { Ok(()) } else { wrong("is neither true nor false") };
    }
    if allows(node, "integer") || allows(node, "number") {
        return match value.as_f64() {
            None if allows(node, "number") => wrong("is not a number"),
            Some(_) if allows(node, "number") || value.is_u64() || value.is_i64() => {
                if within(node, value) { Ok(()) } else { wrong("is out of range") }
            }
            _ => wrong("is not a whole number"),
        };
    }
    if allows(node, "string") {
        let empty = node.get("minLength").is_some() && value.as_str() == Some("");
        return match value.is_string() {
            true if empty => Err(ValueError::new("is empty", "use a text, or leave the key out")),
            true => Ok(()),
            false => wrong("is not text"),
        };
    }
    wrong(if allows(node, "array") { "is not a list" } else { "is not a section" })
}

fn is_secret(node: &Value) -> bool {
    node.get("writeOnly").is_some_and(|only| only == true)
}

fn within(node: &Value, value: &Value) -> bool {
    let value = value.as_f64().unwrap_or(f64::NAN);
    let bound = |name: &str| node.get(name).and_then(Value::as_f64);
    bound("minimum").is_none_or(|low| value >= low)
        && bound("exclusiveMinimum").is_none_or(|low| value > low)
        && bound("maximum").is_none_or(|high| value <= high)
        && bound("exclusiveMaximum").is_none_or(|high| value < high)
}

/// Checks a text that has a form of its own. A bare number is taken as text: it says best itself
/// that it lacks a unit.
fn formed(kind: &str, node: &Value, value: &Value) -> Result<(), ValueError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => {
            return Err(ValueError {
                what: format!("{} is not text", shown(value)),
                ..of(kind, "")
            });
        }
    };
    match (kind, value) {
        ("name" | "urls" | "target", Value::Number(_)) => {
            let what = format!("{text} is not text");
            Err(ValueError { what, ..of(kind, "") })
        }
        _ => parse(kind, node, &text),
    }
}

fn parse(kind: &str, node: &Value, text: &str) -> Result<(), ValueError> {
    let shortest = node.get("x-min").and_then(Value::as_str);
    let long_enough = |found: Millis| match shortest.and_then(|text| text.parse().ok()) {
        Some(shortest) if found < shortest => {
            let what = format!("{found} is too short");
            Err(ValueError::new(what, format!("use a duration of at least {shortest}")))
        }
        _ => Ok(()),
    };
    match kind {
        "duration" => text.parse().and_then(long_enough),
        "interval" => text.parse().and_then(|interval: Interval| long_enough(interval.min)),
        "size" => text.parse::<ByteSize>().map(drop),
        "urls" => text.parse::<ServerUrls>().map(drop),
        "restart_after" => text.parse::<RestartAfter>().map(drop),
        "target" => text.parse::<Target>().map(drop),
        _ => name(text),
    }
}

/// The error of a text that is certainly wrong, for what would be right.
fn of(kind: &str, text: &str) -> ValueError {
    parse(kind, &Value::Null, text).err().unwrap_or_else(|| ValueError::new("", ""))
}

fn name(text: &str) -> Result<(), ValueError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (1..=32).contains(&text.len()) && text.chars().all(fits) {
        return Ok(());
    }
    let what = format!("{} is not a name", shown(&text.into()));
    Err(ValueError::new(what, "use 1 to 32 letters, digits, '-' and '_'"))
}
