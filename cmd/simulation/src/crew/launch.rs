//! How a worker or a producer is started as a process: the same program, the same configuration, its
//! own name, and the address of the broker as it is to see it.

use std::ffi::OsString;
use std::path::PathBuf;

use chaos::Node;
use processes::Launch;

use crate::cli::{Mode, Source};
use crate::failure::Failure;
use crate::setup::Setup;

/// Starts children of this program.
#[derive(Clone, Debug)]
pub struct Launcher {
    program: PathBuf,
    /// What every child is told.
    args: Vec<OsString>,
    /// Where their output goes.
    logs: PathBuf,
}

impl Launcher {
    /// Children of a run of `setup` that was started with `source`; their output goes to `logs`.
    pub fn new(setup: &Setup, source: &Source, logs: PathBuf) -> Result<Self, Failure> {
        std::fs::create_dir_all(&logs)?;
        let mut args: Vec<OsString> = Vec::new();
        if let Some(config) = &source.config {
            args.extend(["--config".into(), config.into()]);
        }
        for (path, value) in &source.set {
            args.extend(["--set".into(), format!("{path}={value}").into()]);
        }
        // Chaos is what we do to them, and its server is ours.
        args.extend(["--set", "chaos.enabled=false"].map(OsString::from));
        args.extend(["--seed".into(), setup.seed.to_string().into()]);
        Ok(Self { program: std::env::current_exe()?, args, logs })
    }

    /// How to start `node`, which finds the broker at `url`.
    pub fn launch(&self, node: &Node, url: &str) -> Launch {
        let (mode, name) = (mode(node), node.to_string());
        let mut args = self.args.clone();
        args.extend(["--mode", mode.name(), "--id", &name].map(OsString::from));
        Launch {
            program: self.program.clone(),
            args,
            env: vec![("NATS_URL".into(), url.into())],
            remove_env: ["PRODUCER_ID", "WORKER_ID", "CHAOS_URL"].map(OsString::from).to_vec(),
            cwd: None,
            log: self.logs.join(format!("{name}.log")),
            ready: format!("✓ {name} started"),
        }
    }
}

fn mode(node: &Node) -> Mode {
    match node {
        Node::Producer(_) => Mode::Producer,
        Node::Worker(_) | Node::Server => Mode::Worker,
    }
}
