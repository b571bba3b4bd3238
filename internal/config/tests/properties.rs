//! Whatever text it is given, the reader answers; and it never tells a secret.

use config::{Config, Overrides, json_schema};
use proptest::prelude::*;

/// Text that looks like YAML with keys that exist.
fn yamlish() -> impl Strategy<Value = String> {
    let schema = json_schema();
    let mut words: Vec<String> =
        [": ", ":", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ", "]
            .iter()
            .chain(&["#", "&a ", "*a", "!t ", "|", ">", "\"", "'", "---\n", "? ", "<<", "%", "\t"])
            .chain(&[
                "0", "-1", "1e400", ".nan", "10m-30m", "20ms", "yes", "true", "~", "\u{0}", "é",
            ])
            .map(|word| (*word).to_owned())
            .collect();
    let sections = schema["properties"].as_object().expect("the root has sections");
    for (section, node) in sections {
        words.push(format!("{section}:"));
        let keys = node["properties"].as_object().expect("a section has keys");
        words.extend(keys.keys().cloned());
    }
    prop::collection::vec(prop::sample::select(words), 0..30).prop_map(|parts| parts.concat())
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 1_000, failure_persistence: None, ..Default::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_text_makes_the_reader_panic(text in prop_oneof![any::<String>(), yamlish()]) {
        match Config::parse(&text, "any", &Overrides::default()) {
            Ok(config) => prop_assert!(!config.to_yaml().is_empty()),
            Err(error) => {
                prop_assert!(!error.problems().is_empty());
                for problem in error.problems() {
                    let lines = text.lines().count().max(1) + 1;
                    prop_assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)));
                }
            }
        }
    }

    #[test]
    fn no_setting_makes_the_reader_panic(path in any::<String>(), value in yamlish()) {
        let set = vec![(path, value.clone()), ("nats".into(), value)];
        let _ = Config::parse("", "any", &Overrides { set, ..Overrides::default() });
    }
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert!(Config::parse(&text, "bomb", &Overrides::default()).is_err());
    let deep = "[".repeat(100_000);
    assert!(Config::parse(&deep, "deep", &Overrides::default()).is_err());
}

#[test]
fn secrets_are_printed_nowhere() {
    let text =
        "nats:\n  url: nats://me:S3CRET@host:1\n  auth:\n    user: u\n    password: S3CRET\n";
    let config = Config::parse(text, "c.yaml", &Overrides::default()).unwrap();
    let password = config.nats.auth.password.as_ref().unwrap();
    assert_eq!(password.reveal(), "S3CRET");
    assert_eq!(config.nats.url.reveal(), ["nats://me:S3CRET@host:1"]);
    let json = serde_json::to_string(&config).unwrap();
    for printed in [config.to_yaml(), format!("{config:?}"), json] {
        assert!(!printed.contains("S3CRET") && printed.contains("***"), "{printed}");
    }
    for wrong in ["token: [S3CRET]", "token: {S3CRET: 1}", "token: 123", "token: S3CRET"] {
        let text = format!("{text}    {wrong}\n");
        let said = Config::parse(&text, "c.yaml", &Overrides::default()).unwrap_err().to_string();
        assert!(!said.contains("S3CRET") && !said.contains("123"), "{said}");
    }
}
