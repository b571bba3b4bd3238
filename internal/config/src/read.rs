//! From text to [`Config`]: read, override, check, and say where everything is that is wrong.

use std::path::Path;

use serde_json::Value;

use crate::check::check;
use crate::error::Finding;
use crate::key::{KeyPath, Step};
use crate::overrides::{Layer, Overrides};
use crate::relations::relations;
use crate::{Config, ConfigError, Problem, ValueError, yaml};

impl Config {
    /// Reads a file, puts `overrides` on top and checks the whole.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with everything that is wrong.
    pub fn load(path: impl AsRef<Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, &name, overrides),
            Err(error) => Err(ConfigError::Unreadable { path: name, error }),
        }
    }

    /// Reads a text, puts `overrides` on top and checks the whole. `source` is what errors call the
    /// text. An empty text gives the defaults.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with everything that is wrong.
    pub fn parse(text: &str, source: &str, overrides: &Overrides) -> Result<Self, ConfigError> {
        let mut tree = yaml::parse(text).map_err(|error| {
            ConfigError::Invalid(vec![Problem {
                source: source.into(),
                line: error.line,
                key: String::new(),
                what: format!("not a YAML configuration: {}", error.message),
                right: "check indentation, colons and quotes there".into(),
            }])
        })?;
        let layers = overrides.layers();
        let mut problems = Vec::new();
        for layer in &layers {
            if let Err(ValueError { what, right }) = layer.apply(&mut tree) {
                let (source, key) = (layer.source.into(), layer.key.to_string());
                problems.push(Problem { source, line: None, key, what, right });
            }
        }
        let (config, findings) = build(tree);
        problems.extend(findings.into_iter().map(|finding| place(finding, text, source, &layers)));
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => {
                problems.sort_by_key(|problem| (problem.source != source, problem.line));
                Err(ConfigError::Invalid(problems))
            }
        }
    }

    /// The effective configuration as YAML, with every key. Secrets are shown as `***`.
    pub fn to_yaml(&self) -> String {
        yaml::render(self)
    }
}

/// The configuration, if the tree is one, and everything that is wrong. What is wrong with one key
/// does not hide what is wrong with two others together.
pub(crate) fn build(mut tree: Value) -> (Option<Config>, Vec<Finding>) {
    let mut findings = check(&tree);
    if findings.is_empty() {
        script_alone(&mut tree);
    }
    for finding in &findings {
        finding.keys.iter().for_each(|key| remove(&mut tree, &key.0));
    }
    remove_nulls(&mut tree);
    match serde_json::from_value::<Config>(tree) {
        Ok(config) => {
            let broken: Vec<_> =
                findings.iter().flat_map(|finding| finding.keys.iter().cloned()).collect();
            let sound = |key: &KeyPath| !broken.iter().any(|broken| broken.touches(key));
            let related = relations(&config);
            findings.extend(related.into_iter().filter(|finding| finding.keys.iter().all(sound)));
            (Some(config), findings)
        }
        Err(error) => {
            // The checks are as strict as the types (a property test sees to it).
            let error = ValueError::new(error.to_string(), "please report this message");
            findings.push(Finding::new(&KeyPath::default(), error));
            (None, findings)
        }
    }
}

/// Whoever writes a script and no mix means the script alone.
fn script_alone(tree: &mut Value) {
    let Some(Value::Object(chaos)) = tree.get_mut("chaos") else { return };
    let is_list = |key: &str| chaos.get(key).and_then(Value::as_array);
    if is_list("script").is_some_and(|script| !script.is_empty())
        && chaos.get("events").is_none_or(Value::is_null)
    {
        chaos.insert("events".into(), Value::Array(Vec::new()));
    }
}

/// Takes a value out, so that its default stands in for it; a list goes as a whole.
fn remove(tree: &mut Value, path: &[Step]) {
    match (tree, path) {
        (Value::Object(section), [Step::Key(key), below @ ..]) => {
            match (section.get_mut(key), below) {
                (Some(value), [Step::Key(_), ..]) => remove(value, below),
                _ => drop(section.remove(key)),
            }
        }
        (tree, _) => *tree = Value::Null,
    }
}

/// A key without a value stands for its default.
fn remove_nulls(tree: &mut Value) {
    match tree {
        Value::Null => *tree = Value::Object(serde_json::Map::new()),
        Value::Object(section) => {
            section.retain(|_, value| !value.is_null());
            section.values_mut().filter(|value| value.is_object()).for_each(remove_nulls);
        }
        _ => {}
    }
}

/// Finds out where the value was given.
fn place(finding: Finding, text: &str, source: &str, layers: &[Layer]) -> Problem {
    let ValueError { what, right } = finding.error;
    let key = finding.keys[0].to_string();
    let placed = |source: &str, line| Problem { source: source.into(), line, key, what, right };
    for key in &finding.keys {
        if let Some(layer) = layers.iter().rev().find(|layer| layer.key.touches(key)) {
            return placed(layer.source, None);
        }
        if let line @ Some(_) = yaml::line_of(text, key) {
            return placed(source, line);
        }
    }
    let parents = std::iter::successors(finding.keys[0].parent(), KeyPath::parent);
    let line = parents.into_iter().find_map(|key| yaml::line_of(text, &key));
    placed(source, line)
}
