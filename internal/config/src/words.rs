//! The words of error messages: how a value is shown, what would be right, which key was meant.

use serde_json::Value;

use crate::ValueError;
use crate::key::{KeyPath, Step};
use crate::schema::{SCHEMA, allows, choices, properties};

/// How a value that is wrong is shown.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.chars().count() > 60 => {
            format!("{:?}…", text.chars().take(60).collect::<String>())
        }
        Value::String(text) => format!("{text:?}"),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a section".into(),
    }
}

/// What would be right for a key, from its schema.
pub(crate) fn right(node: &Value) -> String {
    if let Some(right) = node.get("x-right").and_then(Value::as_str) {
        return right.into();
    }
    if let Some(choices) = choices(node) {
        return format!("use one of {}", listed(choices.into_iter().map(bare)));
    }
    if allows(node, "boolean") {
        return "use true or false".into();
    }
    if allows(node, "integer") {
        return format!("use a whole number{}", bounds(node));
    }
    if allows(node, "number") {
        return format!("use a number{}", bounds(node));
    }
    if allows(node, "array") {
        return match node.get("items").and_then(choices) {
            Some(choices) => format!("use a list of {}", listed(choices.into_iter().map(bare))),
            None => "use a list".into(),
        };
    }
    match properties(node) {
        Some(keys) => format!("use the keys {}, indented below it", listed(keys.keys())),
        None => "use text, in quotes if it looks like something else".into(),
    }
}

fn bounds(node: &Value) -> String {
    let bound = |name: &str| node.get(name).and_then(Value::as_f64);
    let low = bound("minimum").map(|low| format!("from {low}"));
    let low = low.or_else(|| bound("exclusiveMinimum").map(|low| format!("greater than {low}")));
    let high = match (bound("maximum"), bound("exclusiveMaximum")) {
        (Some(high), _) if bound("minimum").is_some() => Some(format!("to {high}")),
        (Some(high), _) => Some(format!("and at most {high}")),
        (None, high) => high.map(|high| format!("and less than {high}")),
    };
    [low, high].into_iter().flatten().map(|bound| format!(" {bound}")).collect()
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(crate) fn listed<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    let names: Vec<T> = names.collect();
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

/// The schema of a key, or nothing if there is no such key.
pub(crate) fn node_at(path: &KeyPath) -> Option<&'static Value> {
    path.0.iter().try_fold(&*SCHEMA, |node, step| match step {
        Step::Key(key) => properties(node)?.get(key),
        Step::Index(_) => node.get("items"),
    })
}

/// What to say about a key that does not exist: the nearest one that does, by letters or because
/// it is the only one of that name elsewhere; otherwise the keys that exist at this place.
pub(crate) fn unknown_key(path: &KeyPath) -> ValueError {
    let name = path.to_string();
    let leaf = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let mut known = Vec::new();
    collect("", &SCHEMA, &mut known);
    if path.0.iter().any(|step| matches!(step, Step::Index(_))) {
        // Sections in lists have places, not names: only the keys of this one can be meant.
        let parent = path.parent().unwrap_or_default();
        let keys = node_at(&parent).and_then(properties);
        known = keys.into_iter().flatten().map(|(key, _)| format!("{parent}.{key}")).collect();
    }
    let near = known.iter().map(|known| (distance(&name, known), known)).min();
    let limit = (leaf(&name).chars().count() / 3).max(1);
    let nearest = near.filter(|(far, _)| *far <= limit).map(|(_, known)| known);
    let namesakes: Vec<_> = known.iter().filter(|known| leaf(known) == leaf(&name)).collect();
    let meant = nearest.or(match namesakes[..] {
        [only] => Some(only),
        _ => None,
    });
    let right = match (meant, path.parent().and_then(|parent| existing(&parent))) {
        (Some(meant), _) => format!("did you mean {meant}?"),
        (None, Some(keys)) => format!("use one of {}", listed(keys.keys())),
        (None, None) => "leave it out".into(),
    };
    ValueError::new("unknown key", right)
}

/// The keys of the innermost section of a path that exists.
fn existing(path: &KeyPath) -> Option<&'static serde_json::Map<String, Value>> {
    let here = node_at(path).and_then(properties);
    here.or_else(|| path.parent().and_then(|parent| existing(&parent)))
}

fn collect(above: &str, node: &Value, into: &mut Vec<String>) {
    for (key, node) in properties(node).into_iter().flatten() {
        let name = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        collect(&name, node, into);
        into.push(name);
    }
}

/// How many letters must be changed, added, removed or swapped with their neighbour.
fn distance(one: &str, two: &str) -> usize {
    let (one, two): (Vec<char>, Vec<char>) =
        (one.chars().take(200).collect(), two.chars().collect());
    let mut rows = vec![vec![0; two.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=two.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let changed = rows[i - 1][j - 1] + usize::from(one[i - 1] != two[j - 1]);
                let best = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                let swapped =
                    i > 1 && j > 1 && one[i - 1] == two[j - 2] && one[i - 2] == two[j - 1];
                if swapped { best.min(rows[i - 2][j - 2] + 1) } else { best }
            };
        }
    }
    rows[one.len()][two.len()]
}
