//! An event of chaos that somebody asks for while a run goes on: checked as if it stood in the
//! script of the run's configuration, so that both say the same of what is wrong.

use serde_json::Value;

use crate::error::Finding;
use crate::key::KeyPath;
use crate::read::build;
use crate::words::shown;
use crate::{ChaosEvent, Config, ConfigError, Problem, Scripted, ValueError};

impl Config {
    /// Reads an event that somebody asks for while the run of this configuration goes on: a JSON
    /// object with the keys of a line of `chaos.script`, but for `at`. `source` is what errors call
    /// it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with everything that is wrong, as if it stood in the script of the run.
    pub fn event_by_hand(&self, json: &str, source: &str) -> Result<Scripted, ConfigError> {
        let here = KeyPath::of("chaos.script").index(0);
        let problem = |key: String, ValueError { what, right }| {
            let (source, right) = (source.to_owned(), right.replace(&format!("{here}."), ""));
            Problem { source, line: None, key, what, right }
        };
        let refused = |error| Err(ConfigError::Invalid(vec![problem(String::new(), error)]));
        let right = "use a JSON object such as {\"event\": \"worker_pause\", \"for\": \"10s\"}";
        let mut event = match serde_json::from_str(json) {
            Ok(Value::Object(event)) => event,
            Ok(other) => {
                let what = format!("{} is not an event", shown(&other));
                return refused(ValueError::new(what, right));
            }
            Err(error) => {
                return refused(ValueError::new(format!("not JSON: {error}"), right));
            }
        };
        if event.contains_key("at") {
            let what = "an event by hand happens at once, so it has no at";
            return refused(ValueError::new(what, "leave it out"));
        }
        event.insert("at".into(), "0s".into());
        let mut tree = serde_json::to_value(self).expect("a configuration is a tree of texts");
        tree["chaos"]["enabled"] = true.into();
        // Workers may have been added by hand before, so their names are good ones.
        let scale_up = serde_json::json!({"at": "0s", "event": ChaosEvent::ScaleUp.name()});
        tree["chaos"]["script"] = Value::Array(vec![Value::Object(event), scale_up]);
        let (config, findings) = build(tree);
        let about_it =
            |finding: &&Finding| finding.keys.iter().any(|key| here.holds(key) || key.0.is_empty());
        let problems: Vec<_> = findings
            .iter()
            .filter(about_it)
            .map(|finding| problem(finding.keys[0].below(&here), finding.error.clone()))
            .collect();
        match config.map(|config| config.chaos.script).unwrap_or_default().into_iter().next() {
            Some(event) if problems.is_empty() => Ok(event),
            _ => Err(ConfigError::Invalid(problems)),
        }
    }
}
