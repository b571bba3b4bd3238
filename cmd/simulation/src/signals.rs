//! SIGINT and SIGTERM: the first one drains and reports, a second one stops at once. SIGHUP makes a
//! worker step aside for its successor.

use model::watch;
use tokio::signal::unix::{SignalKind, signal};

/// The exit code after a second signal, as a shell would report SIGINT.
const STOPPED_AT_ONCE: i32 = 130;

/// Raised by the first signal.
pub fn stop_on_signal() -> std::io::Result<watch::Receiver<bool>> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (raise, stop) = watch::channel(false);
    tokio::spawn(async move {
        for second in [false, true] {
            tokio::select! {
                biased;
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if second {
                // Children die with us: the embedded server's guard sees to it.
                std::process::exit(STOPPED_AT_ONCE);
            }
            eprintln!("simulation: stopping; once more stops at once");
            raise.send_replace(true);
        }
    });
    Ok(stop)
}

/// Raised by SIGHUP.
pub fn step_aside_on_signal() -> std::io::Result<watch::Receiver<bool>> {
    let mut hangup = signal(SignalKind::hangup())?;
    let (raise, aside) = watch::channel(false);
    tokio::spawn(async move {
        hangup.recv().await;
        raise.send_replace(true);
    });
    Ok(aside)
}

/// Waits until a flag is raised; for ever if it never will be.
pub async fn raised(flag: &mut watch::Receiver<bool>) {
    if flag.wait_for(|raised| *raised).await.is_err() {
        std::future::pending::<()>().await;
    }
}
