//! The families of what processes use. A process of which nothing is known shows nothing: a zero
//! would be a lie on systems that do not tell.

use prometheus::{CounterVec, GaugeVec, Opts};

use crate::register::Register;
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
    open_files: GaugeVec,
    last_cpu: f64,
}

impl ProcessFamilies {
    pub fn new(register: &mut Register, process: Process) -> Result<Self, MetricsError> {
        let (prefix, whose) = match process {
            Process::Own => ("process", "this program"),
            Process::Server => ("simulation_server", "the nats-server of this run, restarts added"),
        };
        // Families "by no label" have no sample until one is set, unlike plain ones.
        let opts = |name: &str, what: &str| {
            Opts::new(format!("{prefix}_{name}"), format!("{what} of {whose}."))
        };
        let cpu = opts("cpu_seconds_total", "User and system CPU time");
        let resident = opts("resident_memory_bytes", "Resident memory");
        let open_files = opts("open_fds", "Open files and connections");
        Ok(Self {
            cpu: register.add(CounterVec::new(cpu, &[]))?,
            resident: register.add(GaugeVec::new(resident, &[]))?,
            open_files: register.add(GaugeVec::new(open_files, &[]))?,
            last_cpu: 0.0,
        })
    }

    pub fn update(&mut self, usage: &Usage) {
        let none: &[&str] = &[];
        // A lower figure is a new life of the process, which began at nothing.
        let since = if usage.cpu_seconds < self.last_cpu { 0.0 } else { self.last_cpu };
        self.cpu.with_label_values(none).inc_by(usage.cpu_seconds - since);
        self.last_cpu = usage.cpu_seconds;
        self.resident.with_label_values(none).set(usage.resident_bytes as f64);
        self.open_files.with_label_values(none).set(usage.open_files as f64);
    }
}
