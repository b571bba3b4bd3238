//! The program: command line and wiring, nothing else.

mod all_in_one;
mod benching;
mod checking;
mod checkpoints;
mod cli;
mod commands;
mod connect;
mod crew;
mod events;
mod exploring;
mod failure;
mod files;
mod histories;
mod http;
mod logging;
mod phase;
mod progress;
mod proxies;
mod register;
mod rehearsal;
mod resume;
mod roles;
mod rundir;
#[cfg(feature = "selftest")]
mod selftest;
mod setup;
mod signals;
mod soak;
mod streams;
mod terminal;
mod traces;
mod verdict;
mod virtual_time;
mod watching;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

/// A run in virtual time allocates from one thread that is not the first, which the system's allocator
/// serves page by page.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse_from(cli::arguments(std::env::args_os()));
    match &cli.command {
        Some(Command::Explore(args)) => logging::start_quietly(args.source.verbose),
        _ => logging::start(cli.run.source.verbose),
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = match runtime.enable_all().worker_threads(threads()).build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => fail(&failure),
    }
}

/// Threads that carry tasks. The other half of the cores is left to the server, which most runs have
/// beside them on the same machine: with a thread on every core, the two wait for each other.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))
}

async fn dispatch(cli: Cli) -> Result<u8, Failure> {
    #[cfg(feature = "selftest")]
    selftest::plant()?;
    match cli.command {
        None => commands::run(cli.run).await,
        Some(Command::Run(args)) => commands::run(*args).await,
        Some(Command::Explore(args)) => exploring::run(*args).await,
        Some(Command::Selftest(args)) => selftest(args).await,
        Some(Command::Check(args)) => checking::run(&args),
        Some(Command::Bench(command)) => benching::run(command).await,
        Some(Command::Config(command)) => commands::config(command),
        Some(Command::Nats(args)) => commands::nats(args).await,
        Some(Command::Health { url }) => commands::health(&url).await,
        Some(Command::DiffTraces(args)) => traces::diff(&args),
        Some(Command::Completions { shell }) => commands::completions(shell),
        Some(Command::Man) => commands::man(),
    }
}

#[cfg(feature = "selftest")]
async fn selftest(args: cli::SelftestArgs) -> Result<u8, Failure> {
    selftest::run(args).await
}

#[cfg(not(feature = "selftest"))]
async fn selftest(_: cli::SelftestArgs) -> Result<u8, Failure> {
    Err(Failure::Usage(
        "this program has no bugs to find: build one that has, with \
         cargo run --release -p simulation --features selftest -- selftest"
            .into(),
    ))
}

fn fail(failure: &Failure) -> ExitCode {
    eprintln!("simulation: {failure}");
    ExitCode::from(failure.exit_code())
}
