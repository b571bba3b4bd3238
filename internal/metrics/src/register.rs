//! Registers families, and remembers what each is called and says: the documentation is compared
//! with it.

use prometheus::Registry;
use prometheus::core::Collector;

use crate::MetricsError;

/// A family as the documentation says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Its labels, if it has any.
    pub labels: Vec<String>,
    /// What it says.
    pub help: String,
}

/// A registry in the making.
#[derive(Default)]
pub(crate) struct Register {
    pub registry: Registry,
    pub described: Vec<Described>,
}

impl Register {
    /// Registers a family that was made.
    pub fn add<C: Collector + Clone + 'static>(
        &mut self,
        made: prometheus::Result<C>,
    ) -> Result<C, MetricsError> {
        let family = made?;
        let kinds = family.collect();
        for (desc, shown) in family.desc().iter().zip(&kinds) {
            self.described.push(Described {
                name: desc.fq_name.clone(),
                kind: match shown.get_field_type() {
                    prometheus::proto::MetricType::COUNTER => "counter",
                    prometheus::proto::MetricType::HISTOGRAM => "histogram",
                    _ => "gauge",
                },
                labels: desc.variable_labels.clone(),
                help: desc.help.clone(),
            });
        }
        self.registry.register(Box::new(family.clone()))?;
        Ok(family)
    }
}
