//! Which subjects a filter takes: `*` stands for one token, a final `>` for one or more.

use std::collections::BTreeSet;

use broker::Subject;

/// A set of filters. Plain subjects are looked up, so that a reader may follow thousands.
#[derive(Clone, Debug)]
pub(crate) struct Filters {
    plain: BTreeSet<Subject>,
    patterns: Vec<Subject>,
}

impl Filters {
    /// Everything.
    pub(crate) fn all() -> Self {
        Self::new([Subject::new(">").expect("a filter")])
    }

    pub(crate) fn new(filters: impl IntoIterator<Item = Subject>) -> Self {
        let (patterns, plain) = filters.into_iter().partition::<Vec<_>, _>(is_pattern);
        Self { plain: plain.into_iter().collect(), patterns }
    }

    /// Whether every filter is `subject` itself; callers know it to have no wildcards.
    pub(crate) fn only(&self, subject: &Subject) -> bool {
        self.patterns.is_empty() && self.plain.iter().all(|filter| filter == subject)
    }

    /// The filters without wildcards.
    pub(crate) fn plain(&self) -> impl Iterator<Item = &Subject> {
        self.plain.iter()
    }

    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// Whether a filter with wildcards takes `subject`, and none without.
    pub(crate) fn pattern_takes(&self, subject: &Subject) -> bool {
        !self.plain.contains(subject) && self.take(subject)
    }

    pub(crate) fn take(&self, subject: &Subject) -> bool {
        self.plain.contains(subject)
            || self.patterns.iter().any(|filter| filter.takes(subject.as_str()))
    }
}

fn is_pattern(filter: &Subject) -> bool {
    filter.as_str().split('.').any(|token| token == "*" || token == ">")
}

/// Two of `filters` that some subject matches both of.
pub(crate) fn overlap(filters: &[Subject]) -> Option<(&Subject, &Subject)> {
    let pairs = filters.iter().enumerate();
    let mut pairs = pairs.flat_map(|(n, one)| filters[n + 1..].iter().map(move |two| (one, two)));
    pairs.find(|(one, two)| overlap_each_other(one, two))
}

fn overlap_each_other(one: &Subject, two: &Subject) -> bool {
    let (mut one, mut two) = (one.as_str().split('.'), two.as_str().split('.'));
    loop {
        match (one.next(), two.next()) {
            (None, None) => return true,
            (Some(">"), Some(_)) | (Some(_), Some(">")) => return true,
            (Some(a), Some(b)) if a == b || a == "*" || b == "*" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_take_what_they_stand_for() {
        let subject = |name: &str| Subject::new(name).unwrap();
        for (filter, name, expected) in [
            ("a.b", "a.b", true),
            ("a.b", "a", false),
            ("a", "a.b", false),
            ("a.*", "a.b", true),
            ("a.*", "a", false),
            ("a.*", "a.b.c", false),
            ("*.b", "a.b", true),
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            (">", "a", true),
        ] {
            let filters = Filters::new([subject(filter)]);
            assert_eq!(filters.take(&subject(name)), expected, "{filter} {name}");
        }
        assert!(!Filters::new([]).take(&subject("a")));
    }
}
