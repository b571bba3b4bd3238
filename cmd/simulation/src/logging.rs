//! Diagnostics, on stderr.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;

/// How much is said, from nothing to why.
const LEVELS: [LevelFilter; 4] =
    [LevelFilter::OFF, LevelFilter::WARN, LevelFilter::INFO, LevelFilter::DEBUG];

/// Shows warnings; with `-v` what happens, with `-vv` why.
pub fn start(verbose: u8) {
    show(usize::from(verbose) + 1);
}

/// Shows nothing without `-v`: runs that are broken on purpose warn of what is done to them, and there
/// are many of them.
pub fn start_quietly(verbose: u8) {
    show(usize::from(verbose));
}

fn show(level: usize) {
    let level = LEVELS.get(level).copied().unwrap_or(LevelFilter::DEBUG);
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .init();
}
