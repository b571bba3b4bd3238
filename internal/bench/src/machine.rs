//! The machine that figures are of.

use std::fmt;
use std::fs;

/// What there is to say of a machine; `unknown` where its system does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The model of its processor.
    pub cpu: String,
    /// How many cores there are for this program; 0 if that is not known.
    pub cores: usize,
    /// Its memory.
    pub memory: String,
    /// Its system.
    pub kernel: String,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            cpu: value(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory: memory(&read("/proc/meminfo")).unwrap_or_else(unknown),
            kernel: match read("/proc/sys/kernel/osrelease").trim() {
                "" => std::env::consts::OS.to_owned(),
                release => format!("Linux {release}"),
            },
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, cores, memory, kernel } = self;
        write!(f, "{cpu}, {cores} cores, {memory}, {kernel}")
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

/// The first `key : value` of a text.
fn value(text: &str, key: &str) -> Option<String> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = pairs.find(|(name, _)| name.trim() == key)?;
    Some(value.trim().to_owned())
}

fn memory(text: &str) -> Option<String> {
    let total = value(text, "MemTotal")?;
    let kib: f64 = total.strip_suffix(" kB")?.trim().parse().ok()?;
    Some(format!("{:.0} GiB", kib / (1024.0 * 1024.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_is_read() {
        let info = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nprocessor\t: 1\n";
        assert_eq!(value(info, "model name").as_deref(), Some("A CPU @ 2 GHz"));
        assert_eq!(value("", "model name"), None);
        assert_eq!(memory("MemTotal:       25165824 kB\n").as_deref(), Some("24 GiB"));
        assert_eq!(memory("MemTotal: much\n"), None);
    }

    #[test]
    fn this_machine_has_cores() {
        assert!(Machine::here().cores > 0);
    }
}
