//! A small checker of the text format of Prometheus, stricter than Prometheus itself: every family
//! is one block of HELP, TYPE and samples, every series comes once, histograms add up.

use std::collections::BTreeMap;

/// A page that was read.
#[derive(Debug, Default)]
pub struct Exposition {
    families: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

impl Exposition {
    /// Reads a page, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.ends_with('\n') {
            return Err("the last line has no end".into());
        }
        let mut page = Self::default();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let (family, help) = directive(line, "HELP")?;
            if help.is_empty() || !is_name(family, ":") {
                return Err(format!("bad name or no help: {line}"));
            }
            let (typed, kind) = directive(lines.next().unwrap_or_default(), "TYPE")?;
            if typed != family || !["counter", "gauge", "histogram"].contains(&kind) {
                return Err(format!("not the type of {family}: {typed} {kind}"));
            }
            if page.families.insert(family.into(), kind.into()).is_some() {
                return Err(format!("{family} comes twice"));
            }
            let mut samples = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                samples.push(sample(line)?);
            }
            check(family, kind, &samples)?;
            for (series, value) in samples {
                if page.samples.insert(series.into(), value).is_some() {
                    return Err(format!("{series} comes twice"));
                }
            }
        }
        Ok(page)
    }

    /// Every family and its type.
    pub fn families(&self) -> impl Iterator<Item = (&str, &str)> {
        self.families.iter().map(|(name, kind)| (name.as_str(), kind.as_str()))
    }

    /// Every series, with its labels as they are written, and its value.
    pub fn samples(&self) -> impl Iterator<Item = (&str, f64)> {
        self.samples.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// The value of a series.
    pub fn value(&self, series: &str) -> Option<f64> {
        self.samples.get(series).copied()
    }
}

fn directive<'a>(line: &'a str, word: &str) -> Result<(&'a str, &'a str), String> {
    line.strip_prefix(&format!("# {word} "))
        .and_then(|rest| rest.split_once(' '))
        .ok_or_else(|| format!("no {word}: {line:?}"))
}

fn is_name(name: &str, also: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || also.contains(c);
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(good)
}

fn sample(line: &str) -> Result<(&str, f64), String> {
    let (series, value) = line.rsplit_once(' ').ok_or_else(|| format!("no value: {line:?}"))?;
    let value = value.parse().map_err(|_| format!("not a number: {line:?}"))?;
    labels(series)?;
    Ok((series, value))
}

/// The labels of a series. None of ours holds a quote, a comma or a backslash.
fn labels(series: &str) -> Result<Vec<(&str, &str)>, String> {
    let Some((_, list)) = series.split_once('{') else { return Ok(vec![]) };
    let list = list.strip_suffix('}').ok_or_else(|| format!("no end of labels: {series}"))?;
    let label = |pair: &'_ str| -> Option<(usize, usize)> {
        let (name, value) = pair.split_once('=')?;
        let inner = value.strip_prefix('"')?.strip_suffix('"')?;
        (is_name(name, "") && !inner.contains(['"', '\\'])).then_some((name.len(), inner.len()))
    };
    list.split(',')
        .map(|pair| {
            let (name, value) = label(pair).ok_or_else(|| format!("bad label: {series}"))?;
            Ok((&pair[..name], &pair[name + 2..name + 2 + value]))
        })
        .collect()
}

fn check(family: &str, kind: &str, samples: &[(&str, f64)]) -> Result<(), String> {
    let name = |series: &str| series.split('{').next().unwrap_or_default().to_owned();
    if samples.is_empty() {
        return Err(format!("{family} has no sample"));
    }
    if kind != "histogram" {
        let own = samples.iter().all(|(series, _)| name(series) == family);
        let sound = kind != "counter" || samples.iter().all(|(_, value)| *value >= 0.0);
        return if own && sound { Ok(()) } else { Err(format!("{family}: {samples:?}")) };
    }
    let (mut last, mut bound, mut ends) = (0.0, f64::NEG_INFINITY, BTreeMap::new());
    for (series, value) in samples {
        if name(series) != format!("{family}_bucket") {
            ends.insert(name(series), *value);
            continue;
        }
        let le = labels(series)?.iter().find(|(name, _)| *name == "le").map(|(_, le)| le.parse());
        let Some(Ok(le)) = le else { return Err(format!("no le: {series}")) };
        if le <= bound || *value < last {
            return Err(format!("buckets do not rise: {series}"));
        }
        (bound, last) = (le, *value);
    }
    let count = ends.remove(&format!("{family}_count"));
    let sum = ends.remove(&format!("{family}_sum"));
    if bound != f64::INFINITY || count != Some(last) || sum.is_none() || !ends.is_empty() {
        return Err(format!("{family} does not add up: {samples:?}"));
    }
    Ok(())
}
