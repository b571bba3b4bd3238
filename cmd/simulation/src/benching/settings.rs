//! The settings of runs that are measured: those of the benchmark, those of the user over them, and over
//! these what has to be as it is.

use std::fmt::Display;

use config::{Config, Overrides};

use crate::commands;
use crate::failure::Failure;

/// Keys and values; of two for the same key the later one counts.
#[derive(Clone, Debug)]
pub struct Settings(Vec<(String, String)>);

impl Settings {
    /// What a benchmark sets, unless the user sets something else.
    pub fn new(own: &[(&str, &str)]) -> Self {
        let owned = |(path, value): &(&str, &str)| ((*path).to_owned(), (*value).to_owned());
        Self(own.iter().map(owned).collect())
    }

    /// And this.
    pub fn and(mut self, path: &str, value: impl Display) -> Self {
        self.0.push((path.to_owned(), value.to_string()));
        self
    }

    /// And what the user sets.
    pub fn and_all(mut self, set: &[(String, String)]) -> Self {
        self.0.extend_from_slice(set);
        self
    }

    /// The configuration of a run against the servers at `url`, or wherever it would find some.
    ///
    /// # Errors
    ///
    /// If these are no settings.
    pub fn config(&self, url: Option<&str>) -> Result<Config, Failure> {
        let (set, nats_url) = (self.0.clone(), url.map(str::to_owned));
        commands::load(None, &Overrides { set, nats_url, ..Overrides::default() })
    }

    /// As arguments of the program.
    pub fn args(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|(path, value)| ["--set".to_owned(), format!("{path}={value}")])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_one_counts() {
        let own = Settings::new(&[("workers.count", "3"), ("producers.count", "4")]);
        let user = [("workers.count".to_owned(), "5".to_owned())];
        let settings = own.and_all(&user).and("nats.replicas", 3);
        let config = settings.config(Some("nats://host:1")).unwrap();
        assert_eq!((config.workers.count, config.producers.count), (5, 4));
        assert_eq!((config.nats.replicas, config.nats.mode), (3, config::NatsMode::External));
        let args = ["workers.count=3", "producers.count=4", "workers.count=5", "nats.replicas=3"];
        assert_eq!(settings.args().filter(|word| word != "--set").collect::<Vec<_>>(), args);
        assert!(settings.and("workers.count", "many").config(None).is_err());
    }
}
