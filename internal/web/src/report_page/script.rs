//! The scripts of the page as one: a file that is opened from a disk may not import others.

use crate::assets::text_of;

/// What `report.html` needs, each after what it imports.
const MODULES: [&str; 5] = ["format.js", "colours.js", "charts.js", "map.js", "report.js"];

/// The modules in one scope, without the words that tie them together.
pub(super) fn bundle() -> String {
    let lines = MODULES.iter().flat_map(|name| text_of(name).lines());
    let kept = lines.filter(|line| !line.starts_with("import "));
    kept.map(|line| line.strip_prefix("export ").unwrap_or(line).to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn modules_come_after_what_they_import() {
        for (place, name) in MODULES.iter().enumerate() {
            for line in text_of(name).lines().filter(|line| line.starts_with("import ")) {
                let imported = line.rsplit('"').nth(1).expect("a name").trim_start_matches("./");
                assert!(line.ends_with("\";"), "{name}: an import is one line: {line}");
                assert!(MODULES[..place].contains(&imported), "{name} imports {imported}");
            }
        }
    }

    #[test]
    fn names_of_all_modules_are_different() {
        let bundle = bundle();
        assert!(!bundle.contains("\nimport ") && !bundle.contains("\nexport "));
        assert!(!bundle.to_lowercase().contains("</script"));
        let mut names = BTreeSet::new();
        let words = ["const ", "let ", "class ", "function "];
        for line in bundle.lines() {
            for name in words.iter().filter_map(|word| line.strip_prefix(word)) {
                let name = name.split([' ', '(', '=']).next().unwrap_or_default();
                assert!(name == "{" || names.insert(name.to_owned()), "{name} twice");
            }
        }
        assert!(names.len() > 20, "{names:?}");
    }
}
