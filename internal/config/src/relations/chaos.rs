//! What concerns an event of chaos and something else: its parameters, the run, the broker.

use crate::error::Finding;
use crate::key::KeyPath;
use crate::words::listed;
use crate::{
    ChaosEvent, Config, Mode, NatsMode, Parameters, RestartAfter, Storage, Target, Tls, ValueError,
};

/// An event wherever it stands, with the path of its place.
struct Placed<'a> {
    path: KeyPath,
    event: ChaosEvent,
    parameters: &'a Parameters,
}

impl Placed<'_> {
    /// Something is wrong between one of its keys and `others`.
    fn wrong(&self, key: &str, others: &[&str], what: String, right: impl Into<String>) -> Finding {
        let own = if key.is_empty() { self.path.clone() } else { self.path.key(key) };
        let others = others.iter().map(|key| KeyPath::of(key));
        let keys = [own, self.path.clone()].into_iter().chain(others).collect();
        Finding { keys, error: ValueError::new(what, right) }
    }
}

/// Everything about chaos that does not go together.
pub(super) fn relations(config: &Config) -> Vec<Finding> {
    let (chaos, enabled) = (&config.chaos, config.chaos.enabled);
    let mut findings = Vec::new();
    let actions = placed(config);
    for placed in &actions {
        findings.extend(meaningless(placed));
        findings.extend(combined(placed));
        if enabled {
            findings.extend(too_long(placed, config));
            findings.extend(impossible_target(placed, config));
            if matches!(config.simulation.mode, Mode::AllInOne | Mode::Chaos) {
                findings.extend(impossible_event(placed, config));
            }
        }
    }
    findings.extend(twice(config));
    let mut refuse = |wrong: bool, keys: &[&str], what: String, right: String| {
        if wrong {
            let keys = keys.iter().map(|key| KeyPath::of(key)).collect();
            findings.push(Finding { keys, error: ValueError { what, right } });
        }
    };
    refuse(
        enabled && actions.is_empty(),
        &["chaos.events", "chaos.script", "chaos.enabled"],
        "chaos is enabled, but the list is empty".into(),
        "list at least one event, or use chaos.enabled: false".into(),
    );
    refuse(
        !chaos.events.is_empty() && chaos.events.iter().all(|mixed| mixed.weight() == 0),
        &["chaos.events"],
        "every event has the weight 0, so that none would ever happen".into(),
        "give at least one of them a weight from 1".into(),
    );
    let duration = config.simulation.duration;
    refuse(
        enabled && !chaos.events.is_empty() && chaos.interval.min >= duration,
        &["chaos.interval", "simulation.duration", "chaos.enabled"],
        format!(
            "no event would ever happen: the first is due after {} at the earliest, but \
             simulation.duration is {duration}",
            chaos.interval.min
        ),
        format!("use an interval that starts below {duration}"),
    );
    for (index, line) in chaos.script.iter().enumerate().filter(|_| enabled) {
        if line.at >= duration {
            let at = KeyPath::of("chaos.script").index(index).key("at");
            let what = format!("{} is not before the end of the run, at {duration}", line.at);
            let right = format!("use a time below {duration}, or a longer simulation.duration");
            let keys = vec![at, KeyPath::of("simulation.duration")];
            findings.push(Finding { keys, error: ValueError { what, right } });
        }
    }
    findings
}

fn placed(config: &Config) -> Vec<Placed<'_>> {
    let (events, script) = (KeyPath::of("chaos.events"), KeyPath::of("chaos.script"));
    let mixed = config.chaos.events.iter().enumerate().map(|(index, mixed)| Placed {
        path: events.index(index),
        event: mixed.event,
        parameters: &mixed.parameters,
    });
    let scripted = config.chaos.script.iter().enumerate().map(|(index, line)| Placed {
        path: script.index(index),
        event: line.event,
        parameters: &line.parameters,
    });
    mixed.chain(scripted).collect()
}

/// Parameters that mean nothing for the event.
fn meaningless(placed: &Placed<'_>) -> Vec<Finding> {
    let known = placed.event.parameters();
    let given = placed.parameters.given().into_iter().filter(|name| !known.contains(name));
    let finding = |name: &str| {
        let what = format!("means nothing for {}", placed.event);
        placed.wrong(name, &[], what, format!("leave it out; it may have {}", listed(known.iter())))
    };
    given.map(finding).collect()
}

/// Parameters that do not go together.
fn combined(placed: &Placed<'_>) -> Option<Finding> {
    let Parameters { delay, jitter: Some(jitter), .. } = placed.parameters else { return None };
    if placed.event != ChaosEvent::NetworkDelay {
        return None;
    }
    match delay {
        None => {
            let what = "delay is missing".to_owned();
            Some(placed.wrong("jitter", &[], what, "use delay and jitter together, or delay alone"))
        }
        Some(delay) if jitter > delay => {
            let what = format!("{jitter} is longer than the delay, which is {delay}");
            Some(placed.wrong("jitter", &[], what, format!("use a jitter up to {delay}")))
        }
        Some(_) => None,
    }
}

/// What would last longer than the run.
fn too_long(placed: &Placed<'_>, config: &Config) -> Vec<Finding> {
    let duration = config.simulation.duration;
    let given = placed.parameters;
    let away = match given.restart_after {
        Some(RestartAfter::Some(away)) => Some(away),
        _ => None,
    };
    let spans = [("for", given.lasting.map(|lasting| lasting.max)), ("restart_after", away)];
    let long = spans.into_iter().filter_map(|(key, span)| Some((key, span?)));
    long.filter(|(_, span)| *span > duration)
        .map(|(key, span)| {
            let what = format!("{span} is longer than the run, which is {duration}");
            let right = match key {
                "for" => format!("use at most {duration}, or a longer simulation.duration"),
                _ => format!("use at most {duration}, or never"),
            };
            placed.wrong(key, &["simulation.duration"], what, right)
        })
        .collect()
}

/// A target that the event cannot hit, or that cannot be there.
fn impossible_target(placed: &Placed<'_>, config: &Config) -> Option<Finding> {
    let target = placed.parameters.target.as_ref()?;
    let event = placed.event;
    if !event.parameters().contains(&"target") {
        return None;
    }
    if !target.fits(event) {
        let right = match event {
            ChaosEvent::LeaderFailure | ChaosEvent::LeaderPause => "use leader, or leave it out",
            ChaosEvent::ProducerCrash => "use producer, or the name of one, such as producer-0",
            _ => "use worker, leader, or the name of a worker, such as worker-0",
        };
        return Some(placed.wrong("target", &[], format!("{event} cannot hit {target}"), right));
    }
    match target {
        Target::ProducerNamed(name) => {
            let count = config.producers.count;
            (number(name, "producer-").is_none_or(|number| number >= count)).then(|| {
                let what = format!("there is no {name}: producers.count is {count}");
                let right = format!("use producer-0 to producer-{}", count - 1);
                placed.wrong("target", &["producers.count"], what, right)
            })
        }
        // Separate processes bring names of their own.
        Target::WorkerNamed(name) if config.simulation.mode == Mode::AllInOne => {
            let count = config.workers.count;
            let more = self::placed(config).iter().any(|other| other.event == ChaosEvent::ScaleUp);
            let exists = number(name, "worker-").is_some_and(|number| number < count || more);
            (!exists).then(|| {
                let what = format!("there is no {name}: workers.count is {count}");
                let right = format!("use worker-0 to worker-{}, worker, or leader", count - 1);
                placed.wrong("target", &["workers.count", "chaos.events"], what, right)
            })
        }
        _ => None,
    }
}

/// The number of a name, as the run itself would write it.
fn number(name: &str, word: &str) -> Option<u32> {
    let number: u32 = name.strip_prefix(word)?.parse().ok()?;
    (format!("{word}{number}") == name).then_some(number)
}

/// An event that this broker does not allow, in a process that plays chaos.
fn impossible_event(placed: &Placed<'_>, config: &Config) -> Option<Finding> {
    let (nats, event) = (&config.nats, placed.event);
    let external = nats.mode == NatsMode::External;
    if event == ChaosEvent::BrokerRestart && external {
        let what = "broker_restart needs a server of the run's own, and nats.mode is external";
        let right = "leave it out, or use nats.mode: embedded";
        return Some(placed.wrong("", &["nats.mode"], what.into(), right));
    }
    if event == ChaosEvent::BrokerRestart && nats.jetstream.storage == Storage::Memory {
        let what = "broker_restart would lose every message: nats.jetstream.storage is memory";
        let right = "leave it out, or use nats.jetstream.storage: file";
        return Some(placed.wrong("", &["nats.jetstream.storage"], what.into(), right));
    }
    let encrypted =
        nats.tls != Tls::default() || nats.url.reveal().iter().any(|url| url.starts_with("tls://"));
    if event.is_network() && external && encrypted {
        let what = format!(
            "{event} puts a proxy in front of a connection, and over TLS the server's name would \
             not be the one in its certificate"
        );
        let right = "leave it out, or use a server without nats.tls";
        return Some(placed.wrong("", &["nats.tls", "nats.url"], what, right));
    }
    None
}

/// Events that stand there twice.
fn twice(config: &Config) -> Vec<Finding> {
    let (events, script) = (&config.chaos.events, &config.chaos.script);
    let mut findings = Vec::new();
    for (index, mixed) in events.iter().enumerate() {
        let same = |other: &&crate::Mixed| {
            (other.event, &other.parameters) == (mixed.event, &mixed.parameters)
        };
        if events[..index].iter().any(|other| same(&other)) {
            let what = format!("{} is listed twice with the same parameters", mixed.event);
            let right = "list it once, with a weight: {event: …, weight: …}";
            let path = KeyPath::of("chaos.events").index(index);
            findings.push(Finding::new(&path, ValueError::new(what, right)));
        }
    }
    for (index, line) in script.iter().enumerate() {
        if script[..index].contains(line) {
            let what = format!("{} at {} stands there twice", line.event, line.at);
            let path = KeyPath::of("chaos.script").index(index);
            findings.push(Finding::new(&path, ValueError::new(what, "write it once")));
        }
    }
    findings
}
