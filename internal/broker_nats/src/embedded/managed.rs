//! A server that can be stopped, killed and started again in its place, while its clients stay.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use processes::Exit;
use tokio::sync::{Mutex, watch};

use super::error::EmbeddedError;
use super::{Embedded, EmbeddedOptions, Store};
use crate::version::ServerVersion;

/// A server that can be started again: on the same port and the same store. It is shared by
/// reference; one call that starts or ends it waits for another. Dropping it kills the server.
#[derive(Debug)]
pub struct Managed {
    options: EmbeddedOptions,
    url: String,
    version: ServerVersion,
    log_path: PathBuf,
    /// Who starts or ends the server.
    turn: Mutex<()>,
    status: watch::Sender<Status>,
}

#[derive(Debug)]
struct Status {
    phase: Phase,
    /// How often the server ended without being asked to, and how the last time.
    deaths: u64,
    last_death: Exit,
}

#[derive(Debug)]
enum Phase {
    Up(Arc<Embedded>),
    /// It was asked to end, and has ended or will.
    Down(Exit),
    /// It ended, and nobody had asked it to.
    Died(Exit),
}

impl Managed {
    /// Starts a server, as [`Embedded::start`] does.
    ///
    /// # Errors
    ///
    /// As [`Embedded::start`].
    pub async fn launch(mut options: EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let server = Embedded::start(options.clone()).await?;
        options.port = Some(server.port());
        let (url, version) = (server.url(), server.version());
        let log_path = server.log_path().to_owned();
        let phase = Phase::Up(Arc::new(server));
        let (status, _) = watch::channel(Status { phase, deaths: 0, last_death: Exit::default() });
        Ok(Self { options, url, version, log_path, turn: Mutex::new(()), status })
    }

    /// Where clients connect, whichever server runs there.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The process id of the server that runs, if one does.
    pub fn pid(&self) -> Option<u32> {
        self.server().filter(|server| server.ended().is_none()).map(|server| server.pid())
    }

    /// The server's version.
    pub fn version(&self) -> ServerVersion {
        self.version
    }

    /// The file that the server logs to, one life after the other.
    pub fn log_path(&self) -> &Path {
        &self.log_path
    }

    /// Starts the server again; does nothing if it runs.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::NotKept`] if its streams ended with it; else as [`Embedded::start`].
    pub async fn start(&self) -> Result<(), EmbeddedError> {
        let _turn = self.turn.lock().await;
        self.note_death();
        if self.server().is_some() {
            return Ok(());
        }
        if self.options.store == Store::Memory {
            return Err(EmbeddedError::NotKept);
        }
        let server = Embedded::start(self.options.clone()).await?;
        self.status.send_modify(|status| status.phase = Phase::Up(Arc::new(server)));
        Ok(())
    }

    /// Asks the server to stop, and kills it if it does not within a few seconds. If it does not run
    /// this says how it ended.
    pub async fn stop(&self) -> Exit {
        let _turn = self.turn.lock().await;
        match self.expect_end() {
            Ok(server) => self.down(server.stop().await),
            Err(exit) => exit,
        }
    }

    /// Kills the server (SIGKILL), as a crash would, and waits until it is gone. If it does not run
    /// this says how it ended.
    pub async fn kill(&self) -> Exit {
        let _turn = self.turn.lock().await;
        match self.expect_end() {
            Ok(server) => self.down(server.kill().await),
            Err(exit) => exit,
        }
    }

    /// Waits until the server ends without being asked to; at once if it has and was not started
    /// again. Any number of callers may wait, and each is told, even if it is started again at once.
    pub async fn died(&self) -> Exit {
        let mut changes = self.status.subscribe();
        let before = changes.borrow().deaths;
        loop {
            let server = {
                let status = changes.borrow_and_update();
                match &status.phase {
                    Phase::Died(exit) => return *exit,
                    _ if status.deaths > before => return status.last_death,
                    Phase::Up(server) => Some(server.clone()),
                    Phase::Down(_) => None,
                }
            };
            let ended = async {
                match &server {
                    Some(server) => server.exited().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                // The sender is part of this server.
                _ = changes.changed() => {}
                _ = ended => self.note_death(),
            }
        }
    }

    /// The server, if it was not told to end.
    fn server(&self) -> Option<Arc<Embedded>> {
        match &self.status.borrow().phase {
            Phase::Up(server) => Some(server.clone()),
            Phase::Down(_) | Phase::Died(_) => None,
        }
    }

    /// From now on an end is one that was asked for. If it has ended before, this is how.
    fn expect_end(&self) -> Result<Arc<Embedded>, Exit> {
        self.note_death();
        let mut found = Err(Exit::default());
        self.status.send_if_modified(|status| {
            match &status.phase {
                Phase::Up(server) => found = Ok(server.clone()),
                Phase::Down(exit) | Phase::Died(exit) => found = Err(*exit),
            }
            if found.is_ok() {
                status.phase = Phase::Down(Exit::default());
            }
            found.is_ok()
        });
        found
    }

    fn down(&self, exit: Exit) -> Exit {
        self.status.send_modify(|status| status.phase = Phase::Down(exit));
        exit
    }

    /// Sees whether the server has ended although nobody asked it to.
    fn note_death(&self) {
        self.status.send_if_modified(|status| {
            let Phase::Up(server) = &status.phase else { return false };
            let Some(exit) = server.ended() else { return false };
            status.phase = Phase::Died(exit);
            status.deaths += 1;
            status.last_death = exit;
            true
        });
    }
}
