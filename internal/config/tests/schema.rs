//! The JSON Schema describes every key, knows the same keys as the types, and is as strict as they.

use config::{ByteSize, Config, Interval, Millis, Overrides, ServerUrls, json_schema};
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
