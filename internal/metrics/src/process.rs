//! The families of what processes use. A process of which nothing is known shows nothing: a zero
//! would be a lie on systems that do not tell.

use prometheus::{CounterVec, GaugeVec, Opts, Registry};

use crate::{MetricsError, Usage};

/// Whose usage it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// This program: the conventional `process_…` families.
    Own,
    /// The supervised nats-server: the `simulation_server_…` families.
    Server,
}

/// The families of one process, and what was read last.
pub(crate) struct ProcessFamilies {
    cpu: CounterVec,
    resident: GaugeVec,
    last_cpu: f64,
}

impl ProcessFamilies {
    pub fn new(registry: &Registry, process: Process) -> Result<Self, MetricsError> {
        let (prefix, whose) = match process {
            Process::Own => ("process", "this program"),
            Process::Server => ("simulation_server", "the nats-server of this run, restarts added"),
        };
        // Families "by no label" have no sample until one is set, unlike plain ones.
        let cpu = CounterVec::new(
            Opts::new(
                format!("{prefix}_cpu_seconds_total"),
                format!("User and system CPU time of {whose}."),
            ),
            &[],
        )?;
        let resident = GaugeVec::new(
            Opts::new(
                format!("{prefix}_resident_memory_bytes"),
                format!("Resident memory of {whose}."),
            ),
            &[],
        )?;
        registry.register(Box::new(cpu.clone()))?;
        registry.register(Box::new(resident.clone()))?;
        Ok(Self { cpu, resident, last_cpu: 0.0 })
    }

    pub fn update(&mut self, usage: &Usage) {
        let none: &[&str] = &[];
        // A lower figure is a new life of the process, which began at nothing.
        let since = if usage.cpu_seconds < self.last_cpu { 0.0 } else { self.last_cpu };
        self.cpu.with_label_values(none).inc_by(usage.cpu_seconds - since);
        self.last_cpu = usage.cpu_seconds;
        self.resident.with_label_values(none).set(usage.resident_bytes as f64);
    }
}
