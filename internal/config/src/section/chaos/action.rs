//! An event with its parameters: as a part of the mix, and as a line of the script.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ChaosEvent, Target};
use crate::{Interval, Millis, RestartAfter};

/// Details of an event. Which ones mean something for an event says [`ChaosEvent::parameters`];
/// what is absent has a default that depends on the event and on `workers.lease`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parameters {
    /// How long it lasts, drawn evenly; pauses last longer than the lease by default.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-min" = "1ms"))]
    pub lasting: Option<Interval>,
    /// How long whoever was killed stays away, or `never`; `chaos.restart_after` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_after: Option<RestartAfter>,
    /// How many workers come or go; drawn from one to a quarter of `workers.count` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub count: Option<u32>,
    /// Time from one worker of a rolling restart to the next; 500ms if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_between: Option<Millis>,
    /// How much later everything arrives; a tenth of the lease if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-min" = "1ms"))]
    pub delay: Option<Millis>,
    /// How much more or less than `delay` it may be, at most; half of it if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Millis>,
    /// The share of segments that is lost, as a fraction: 0.05 is 5 %, and the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub loss: Option<f64>,
    /// Whether connections go silent instead of breaking; drawn if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_open: Option<bool>,
    /// Whether the server is killed instead of stopped; drawn if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill: Option<bool>,
    /// How many times as long work takes; 4 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 1), range(max = 1_000))]
    pub factor: Option<f64>,
    /// Whom it hits: worker, producer, leader, any, or a name such as `worker-3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

impl Parameters {
    /// The names of those that are given, in order.
    pub fn given(&self) -> Vec<&'static str> {
        let all = [
            ("count", self.count.is_some()),
            ("delay", self.delay.is_some()),
            ("factor", self.factor.is_some()),
            ("for", self.lasting.is_some()),
            ("half_open", self.half_open.is_some()),
            ("jitter", self.jitter.is_some()),
            ("kill", self.kill.is_some()),
            ("loss", self.loss.is_some()),
            ("pause_between", self.pause_between.is_some()),
            ("restart_after", self.restart_after.is_some()),
            ("target", self.target.is_some()),
        ];
        all.into_iter().filter_map(|(name, given)| given.then_some(name)).collect()
    }
}

/// An event of the mix: a name, or a section with a weight and parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed {
    /// What.
    pub event: ChaosEvent,
    /// How often, beside the others; [`ChaosEvent::default_weight`] if absent.
    pub weight: Option<u32>,
    /// How.
    pub parameters: Parameters,
}

impl Mixed {
    /// How often, beside the others.
    pub fn weight(&self) -> u32 {
        self.weight.unwrap_or(self.event.default_weight())
    }
}

impl From<ChaosEvent> for Mixed {
    fn from(event: ChaosEvent) -> Self {
        Self { event, weight: None, parameters: Parameters::default() }
    }
}

/// The section form of [`Mixed`].
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct Section {
    /// What happens.
    event: ChaosEvent,
    /// How often, beside the other events of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    weight: Option<u32>,
    #[serde(flatten)]
    parameters: Parameters,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Name(ChaosEvent),
    Section(Box<Section>),
}

impl Serialize for Mixed {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if *self == Self::from(self.event) {
            return self.event.serialize(to);
        }
        let (weight, parameters) = (self.weight, self.parameters.clone());
        Section { event: self.event, weight, parameters }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Mixed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Form::deserialize(from)? {
            Form::Name(event) => event.into(),
            Form::Section(section) => {
                let Section { event, weight, parameters } = *section;
                Self { event, weight, parameters }
            }
        })
    }
}

impl JsonSchema for Mixed {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Mixed".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<ChaosEvent>();
        let section = generator.subschema_for::<Section>();
        json_schema!({ "anyOf": [name, section] })
    }
}

/// A line of the script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct Scripted {
    /// When: time of the run.
    pub at: Millis,
    /// What happens.
    pub event: ChaosEvent,
    /// How.
    #[serde(flatten)]
    pub parameters: Parameters,
}
