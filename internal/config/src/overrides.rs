//! What the command line and the environment say on top of a file.

use serde_json::{Map, Value};

use crate::ValueError;
use crate::key::{KeyPath, Step};
use crate::words::{node_at, shown, unknown_key};
use crate::yaml;

/// Values that replace those of the file. Later ones win: `NATS_URL` over the file, `--set` over
/// `NATS_URL`, and the options with a name of their own over all.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--set path=value`, in order; the value is YAML.
    pub set: Vec<(String, String)>,
    /// The environment variable `NATS_URL`; also makes `nats.mode` external. Empty counts as unset.
    pub nats_url: Option<String>,
    /// `--mode`, for `simulation.mode`.
    pub mode: Option<String>,
    /// `--duration`, for `simulation.duration`.
    pub duration: Option<String>,
    /// `--seed`, for `simulation.seed`.
    pub seed: Option<u64>,
}

/// Splits the argument of `--set` at its first `=`; fit to be a parser of command line values.
///
/// # Errors
///
/// If there is no `=`, or nothing before it.
pub fn parse_setting(text: &str) -> Result<(String, String), ValueError> {
    match text.split_once('=').map(|(path, value)| (path.trim(), value.trim())) {
        Some((path, value)) if !path.is_empty() => Ok((path.into(), value.into())),
        _ => Err(ValueError::new(
            format!("{text:?} is not a setting"),
            "use path=value, such as partitions.count=10",
        )),
    }
}

/// One override: who says it, of which key, and the value, if it could be read.
pub(crate) struct Layer {
    pub(crate) source: &'static str,
    pub(crate) key: KeyPath,
    value: Result<Value, ValueError>,
}

impl Overrides {
    /// The overrides, those that win last.
    pub(crate) fn layers(&self) -> Vec<Layer> {
        let text = |source, key: &str, text: &str| Layer {
            source,
            key: KeyPath::of(key),
            value: Ok(Value::from(text)),
        };
        let mut layers = Vec::new();
        if let Some(url) = self.nats_url.as_deref().filter(|url| !url.is_empty()) {
            layers.push(text("NATS_URL", "nats.mode", "external"));
            layers.push(text("NATS_URL", "nats.url", url));
        }
        layers.extend(self.set.iter().map(|(path, value)| {
            let value = yaml::parse(value).map_err(|error| {
                let what = format!("the value is not YAML: {}", error.message);
                ValueError::new(what, "put the value in quotes")
            });
            Layer { source: "--set", key: KeyPath::of(path), value }
        }));
        layers.extend(self.mode.iter().map(|mode| text("--mode", "simulation.mode", mode)));
        let duration = self.duration.iter();
        layers.extend(duration.map(|span| text("--duration", "simulation.duration", span)));
        layers.extend(self.seed.map(|seed| Layer {
            source: "--seed",
            key: KeyPath::of("simulation.seed"),
            value: Ok(Value::from(seed)),
        }));
        layers
    }
}

impl Layer {
    /// Puts the value into the tree.
    pub(crate) fn apply(&self, tree: &mut Value) -> Result<(), ValueError> {
        if node_at(&self.key).is_none() {
            return Err(unknown_key(&self.key));
        }
        let value = self.value.clone()?;
        let mut place = tree;
        for (depth, step) in self.key.0.iter().enumerate() {
            let Step::Key(key) = step else { return Err(unknown_key(&self.key)) };
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            let found = shown(place);
            let Value::Object(section) = place else {
                let above = KeyPath(self.key.0[..depth].to_vec());
                let what = format!("{above} is not a section but {found}, so no part can be set");
                return Err(ValueError::new(what, format!("set {above} as a whole")));
            };
            place = section.entry(key).or_insert(Value::Null);
        }
        *place = value;
        Ok(())
    }
}
