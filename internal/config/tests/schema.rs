//! The JSON Schema describes every key, knows the same keys as the types, and is as strict as they.

use config::{ByteSize, ChaosEvent, Config, Interval, Millis, Overrides, ServerUrls, json_schema};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every key with its schema, sections before their keys.
fn keys(above: &str, node: &Value, into: &mut Vec<(String, Value)>) {
    let forms = node["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
    for form in forms.iter().chain([node]) {
        for (key, node) in form["properties"].as_object().into_iter().flatten() {
            let name = format!("{above}.{key}").trim_start_matches('.').to_owned();
            into.push((name.clone(), node.clone()));
            keys(&name, node, into);
        }
    }
}

fn schema_keys() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    keys("", &json_schema(), &mut found);
    found
}

/// The section of one item of a list: the schema, or its alternative that has keys.
fn item(list: &str) -> Value {
    let schema = json_schema();
    let items =
        schema.pointer(&format!("/properties/chaos/properties/{list}/items")).expect("a list");
    let forms = items["anyOf"].as_array().cloned().unwrap_or_else(|| vec![items.clone()]);
    forms.into_iter().find(|form| form["properties"].is_object()).expect("an item has keys")
}

/// Every key that a tree of values has.
fn value_keys(above: &str, value: &Value, into: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let name = format!("{above}.{key}").trim_start_matches('.').to_owned();
        into.push(name.clone());
        value_keys(&name, value, into);
    }
}

fn at<'a>(value: &'a Value, key: &str) -> &'a Value {
    let pointer = format!("/{}", key.replace('.', "/"));
    value.pointer(&pointer).expect("a key of the schema is a key of the configuration")
}

#[test]
fn the_schema_and_the_effective_configuration_have_the_same_keys() {
    let defaults = serde_json::to_value(Config::default()).unwrap();
    let mut written = Vec::new();
    value_keys("", &defaults, &mut written);
    written.sort();
    let mut described: Vec<_> = schema_keys().into_iter().map(|(key, _)| key).collect();
    described.sort();
    assert_eq!(described, written);
    assert!(written.len() > 60, "{}", written.len());
    let yaml = Config::default().to_yaml();
    for key in written {
        let leaf = key.rsplit('.').next().unwrap();
        assert!(yaml.contains(&format!("{leaf}:")), "{key}");
    }
}

#[test]
fn every_key_has_a_description_and_its_true_default() {
    let schema = json_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let defaults = serde_json::to_value(Config::default()).unwrap();
    for (key, node) in schema_keys() {
        let description = node["description"].as_str().unwrap_or_default();
        assert!(description.ends_with('.'), "{key}: {description:?}");
        assert!(!description.contains('\n'), "{key}: one line");
        assert_eq!(&node["default"], at(&defaults, &key), "{key}");
        let known = ["type", "anyOf", "oneOf", "enum"].iter().any(|word| node.get(word).is_some());
        assert!(known, "{key}: {node}");
        if let Some(properties) = node["properties"].as_object() {
            assert_eq!(node["additionalProperties"], false, "{key}: {properties:?}");
        }
    }
}

#[test]
fn every_number_has_bounds() {
    for (key, node) in schema_keys() {
        if matches!(node["type"].as_str(), Some("integer" | "number")) && node["enum"].is_null() {
            let low = node.get("minimum").or(node.get("exclusiveMinimum"));
            let high = node.get("maximum").or(node.get("exclusiveMaximum"));
            assert!(low.is_some() && high.is_some(), "{key}: {node}");
        }
    }
}

#[test]
fn the_parts_of_lists_are_described_and_bounded_too() {
    for list in ["events", "script"] {
        let item = item(list);
        assert_eq!(item["additionalProperties"], false, "{list}");
        assert!(item["required"].as_array().unwrap().contains(&json!("event")), "{list}");
        for (key, node) in item["properties"].as_object().unwrap() {
            let description = node["description"].as_str().unwrap_or_default();
            assert!(description.ends_with('.') && !description.contains('\n'), "{key}: {node}");
            if node.to_string().contains("\"integer\"") || node.to_string().contains("\"number\"") {
                let low = node.get("minimum").or(node.get("exclusiveMinimum"));
                let high = node.get("maximum").or(node.get("exclusiveMaximum"));
                assert!(low.is_some() && high.is_some(), "{key}: {node}");
            }
        }
        for event in ChaosEvent::ALL {
            let keys = item["properties"].as_object().unwrap();
            for parameter in event.parameters() {
                assert!(keys.contains_key(*parameter), "{event} {parameter}");
            }
        }
    }
}

/// Sections near to events with their parameters.
fn events() -> impl Strategy<Value = Value> {
    let keys: Vec<String> =
        item("script")["properties"].as_object().expect("a section").keys().cloned().collect();
    let right = prop::sample::select(vec![
        json!("1s"),
        json!("never"),
        json!(3),
        json!(1.5),
        json!(0.5),
        json!(true),
        json!("leader"),
        json!("scale_up"),
        json!("worker_pause"),
        Value::Null,
    ]);
    let value = prop_oneof![4 => right, 1 => values()];
    let entries = prop::collection::btree_map(prop::sample::select(keys), value, 0..5);
    let names = ChaosEvent::ALL.map(|event| json!(event.name())).to_vec();
    (entries, prop::option::weighted(0.9, prop::sample::select(names))).prop_map(
        |(mut entries, event)| {
            entries.extend(event.map(|event| ("event".to_owned(), event)));
            Value::Object(entries.into_iter().collect())
        },
    )
}

/// Values of every type, right and wrong, for any key.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0..20_u64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0.0..20.0).prop_map(Value::from),
        (0..3_u32).prop_map(|number| json!(f64::from(number))),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("min|max|enabled|x", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Texts near to durations, intervals, sizes, addresses and names.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        prop::collection::vec(
            prop::sample::select(vec![
                "0", "1", "30", "10", "-", " ", "ms", "s", "m", "h", "d", "K", "B", "MB", "TiB",
                ".", "nats://", "@", ":", "host", "scale_up", "file", "1", "5",
            ]),
            0..6
        )
        .prop_map(|parts| parts.concat()),
    ]
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 1_000, failure_persistence: None, ..Default::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_checks_are_as_strict_as_the_types(
        (index, value) in (0..1_000_usize, values()),
    ) {
        let keys = schema_keys();
        let (key, _) = &keys[index % keys.len()];
        let setting = vec![(key.clone(), value.to_string())];
        let overrides = Overrides { set: setting, ..Overrides::default() };
        if let Err(error) = Config::parse("", "defaults", &overrides) {
            let said = error.to_string();
            prop_assert!(!said.contains("please report"), "{key} = {value}: {said}");
        }
    }

    #[test]
    fn the_checks_of_events_are_as_strict_as_the_types(
        list in prop::collection::vec(events(), 0..4),
        is_script in any::<bool>(),
    ) {
        let key = if is_script { "chaos.script" } else { "chaos.events" };
        let set = vec![(key.to_owned(), Value::from(list).to_string())];
        let overrides = Overrides { set, ..Overrides::default() };
        match Config::parse("chaos: {enabled: true}", "c.yaml", &overrides) {
            Err(error) => prop_assert!(!error.to_string().contains("please report"), "{error}"),
            Ok(config) => {
                let again = Config::parse(&config.to_yaml(), "again", &Overrides::default());
                prop_assert_eq!(again.unwrap(), config);
            }
        }
    }

    #[test]
    fn the_patterns_accept_what_the_types_accept(text in text()) {
        let pattern = |key: &str| {
            let keys = schema_keys();
            let (_, node) = keys.iter().find(|(name, _)| name == key).unwrap();
            regex_lite::Regex::new(node["pattern"].as_str().unwrap()).unwrap()
        };
        // A pattern cannot compare numbers; whatever else the types refuse, it refuses too.
        let out_of_range = ["is too long", "is longer than", "is out of range"];
        let agree = |said: Option<String>, key: &str| match said {
            None => pattern(key).is_match(&text),
            Some(said) => {
                !pattern(key).is_match(&text) || out_of_range.iter().any(|far| said.contains(far))
            }
        };
        let said = |error: config::ValueError| error.to_string();
        let duration = text.parse::<Millis>().err().map(said);
        prop_assert!(agree(duration.clone(), "simulation.duration"), "{duration:?}");
        let interval = text.parse::<Interval>().err().map(said);
        prop_assert!(agree(interval.clone(), "chaos.interval"), "{interval:?}");
        let size = text.parse::<ByteSize>().err().map(said);
        prop_assert!(agree(size.clone(), "nats.jetstream.max_memory"), "{size:?}");
        let _ = text.parse::<ServerUrls>();
    }
}
