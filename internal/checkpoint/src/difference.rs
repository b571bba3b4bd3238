//! What differs between two configurations, in a few words.

use std::collections::BTreeMap;

/// Keys that are named.
const NAMED_MAX: usize = 3;

/// The keys that differ, with both values: `workers.count is 20, was 10`.
pub(crate) fn difference(was: &str, is: &str) -> String {
    let (was, is) = (keys(was), keys(is));
    let all: std::collections::BTreeSet<_> = was.keys().chain(is.keys()).collect();
    let differ: Vec<_> = all.into_iter().filter(|key| was.get(*key) != is.get(*key)).collect();
    let value = |of: &BTreeMap<String, String>, key: &String| {
        of.get(key).cloned().unwrap_or_else(|| "absent".into())
    };
    let named = differ.iter().take(NAMED_MAX);
    let named: Vec<_> = named
        .map(|key| format!("{key} is {}, was {}", value(&is, key), value(&was, key)))
        .collect();
    match differ.len().saturating_sub(NAMED_MAX) {
        0 => named.join("; "),
        rest => format!("{}; and {rest} more", named.join("; ")),
    }
}

/// The values of block-style YAML as this program writes it, by path.
fn keys(yaml: &str) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut items = 0;
    for line in yaml.lines().filter(|line| !line.trim().is_empty()) {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        let is_item = text.starts_with("- ");
        path.retain(|(at, _)| *at < indent || is_item && *at == indent);
        let parents = path.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".");
        if is_item {
            keys.insert(format!("{parents}[{items}]"), text.trim_start_matches("- ").to_owned());
            items += 1;
            continue;
        }
        items = 0;
        let (key, value) = text.split_once(':').unwrap_or((text, ""));
        if value.trim().is_empty() {
            path.push((indent, key.to_owned()));
        } else {
            let path = [parents.as_str(), key].join(".");
            keys.insert(path.trim_start_matches('.').to_owned(), value.trim().to_owned());
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_with_their_path() {
        let was = "workers:\n  count: 10\n  lease: 2s\nchaos:\n  events:\n  - scale_up\n";
        let is = "workers:\n  count: 20\n  lease: 2s\nchaos:\n  events:\n  - scale_down\n";
        assert_eq!(
            difference(was, is),
            "chaos.events[0] is scale_down, was scale_up; workers.count is 20, was 10"
        );
        assert_eq!(difference("a: 1\n", "b: 1\n"), "a is absent, was 1; b is 1, was absent");
        let many = "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\n";
        assert!(difference(many, "").ends_with("c is absent, was 1; and 2 more"));
    }
}
