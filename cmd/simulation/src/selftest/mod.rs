//! `simulation selftest`: plants one bug after the other, and sees whether the judge finds it, by the
//! right class. Each bug has processes of its own, which this one starts: `explore` in virtual time,
//! `run` against a real server.

mod catalogue;
mod matrix;
mod trial;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bugs::Bug;
use model::watch;

use crate::cli::SelftestArgs;
use crate::failure::Failure;
use crate::files;
use crate::signals;
use crate::terminal::TerminalLine;
use matrix::Matrix;
use trial::Trial;
pub use trial::is_spoilt;

/// Where a process is told which bug it has.
pub const BUG: &str = "SIMULATION_BUG";

/// Runs on real servers that share a core: they wait for most of their time.
const WAITING: usize = 2;

/// Plants the bug that this process is told to have.
pub fn plant() -> Result<(), Failure> {
    let Some(name) = std::env::var_os(BUG) else { return Ok(()) };
    let bug: Bug = name.to_string_lossy().parse().map_err(Failure::Usage)?;
    bugs::plant(bug);
    eprintln!("simulation: this process has the bug {}: {}", bug.name(), bug.about());
    Ok(())
}

/// Tries every bug, and gives the exit code of the whole: 0 if each was found as it should be.
pub async fn run(args: SelftestArgs) -> Result<u8, Failure> {
    let stop = signals::stop_on_signal()?;
    let trying = tokio::task::spawn_blocking(move || try_all(&args, &stop));
    trying.await.map_err(|error| Failure::Environment(format!("it broke off: {error}")))?
}

fn try_all(args: &SelftestArgs, stop: &watch::Receiver<bool>) -> Result<u8, Failure> {
    let trials = trials(args)?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("runs/selftest"));
    trial::prepare(&out)?;
    let all = trials.len();
    let (on_server, virtually): (Vec<_>, Vec<_>) =
        trials.into_iter().partition(Trial::is_on_server);
    let ended = Mutex::new(Vec::new());
    let line = TerminalLine::new();
    let run = |trial: Trial| {
        let result = trial.run(&out, args.seeds);
        let mut ended = locked(&ended);
        ended.push(result);
        line.say(&format!("{} of {all} tried", ended.len()));
    };
    side_by_side(jobs(args), virtually, stop, run);
    side_by_side(jobs(args) * WAITING, on_server, stop, run);
    line.clear();
    let matrix = Matrix::of(ended.into_inner().unwrap_or_default());
    finish(args, &matrix, &out, all)
}

/// Runs so many trials at once, until all were or it is stopped.
fn side_by_side(
    at_once: usize,
    trials: Vec<Trial>,
    stop: &watch::Receiver<bool>,
    run: impl Fn(Trial) + Sync,
) {
    let next = Mutex::new(trials.into_iter());
    let take = || locked(&next).next().filter(|_| !*stop.borrow());
    let work = || std::iter::from_fn(take).for_each(&run);
    std::thread::scope(|scope| (0..at_once).for_each(|_| drop(scope.spawn(work))));
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn jobs(args: &SelftestArgs) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    args.jobs.map_or_else(cores, usize::from)
}

/// What is tried: without a bug first, then every bug whose name has the filter in it.
fn trials(args: &SelftestArgs) -> Result<Vec<Trial>, Failure> {
    let filter = args.filter.as_deref().unwrap_or_default();
    let named = |bug: &&Bug| bug.name().contains(filter);
    let bugs: Vec<Bug> = Bug::ALL.iter().filter(named).copied().collect();
    if bugs.is_empty() {
        let all: Vec<_> = Bug::ALL.iter().map(|bug| bug.name()).collect();
        let why = format!("no bug has {filter:?} in its name; there are {}", all.join(", "));
        return Err(Failure::Usage(why));
    }
    let healthy = filter.is_empty().then_some([Trial::healthy(), Trial::healthy_on_server()]);
    let on_server = |bug: &Bug| catalogue::expected(*bug).on_server && *bug != Bug::Canary;
    let servers = bugs.iter().copied().filter(on_server).map(Trial::on_server);
    let all = healthy.into_iter().flatten().chain(bugs.iter().copied().map(Trial::in_virtual_time));
    let all = all.chain(servers.collect::<Vec<_>>());
    Ok(all.filter(|trial| args.on_server || !trial.is_on_server()).collect())
}

fn finish(args: &SelftestArgs, matrix: &Matrix, out: &Path, all: usize) -> Result<u8, Failure> {
    files::write(&out.join("selftest.json"), &format!("{:#}\n", matrix.json()))?;
    print!("{}", matrix.text());
    if let Some(path) = &args.markdown {
        files::write(path, &matrix.markdown())?;
    }
    println!("Report: {}", out.join("selftest.json").display());
    Ok(if matrix.is_complete(all) && matrix.wrong().count() == 0 { 0 } else { 1 })
}
