//! From a schedule to the script that says the same: everything that was drawn stands there.

use std::time::Duration;

use chaos::{How, Network, Planned};
use config::{Interval, Millis, Parameters, RestartAfter, Scripted};

/// The lines of a script. Whatever lasts is over at `until`.
pub(crate) fn lines(schedule: &[Planned], until: Millis) -> Vec<Scripted> {
    let mut lines: Vec<Scripted> = Vec::new();
    for planned in schedule {
        let line = line(planned, until);
        // Two that fall on one millisecond may be one and the same.
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

fn line(planned: &Planned, until: Millis) -> Scripted {
    let at = millis(planned.at);
    let left = Millis::new(until.get().saturating_sub(at.get()).max(1));
    let spanned = |lasting: Duration| {
        let lasting = millis(lasting).min(left);
        Some(Interval { min: lasting, max: lasting })
    };
    let mut parameters = Parameters { target: planned.target.clone(), ..Parameters::default() };
    match planned.how {
        How::Restart {} => {}
        How::Crash { restart_after } => {
            parameters.restart_after = Some(match restart_after {
                Some(away) => RestartAfter::Some(millis(away).min(left)),
                None => RestartAfter::Never,
            });
        }
        How::Pause { lasting } => parameters.lasting = spanned(lasting),
        How::Join { count } | How::Leave { count } => parameters.count = Some(count),
        How::Roll { pause_between } => parameters.pause_between = Some(millis(pause_between)),
        How::Network { lasting, network } => {
            parameters.lasting = spanned(lasting);
            match network {
                Network::Clear | Network::Cut => parameters.half_open = Some(false),
                Network::HalfOpen => parameters.half_open = Some(true),
                Network::Delayed { delay, jitter } => {
                    (parameters.delay, parameters.jitter) =
                        (Some(millis(delay)), Some(millis(jitter)));
                }
                Network::Lossy { loss } => parameters.loss = Some(loss),
            }
        }
        How::Broker { lasting, kill } => {
            (parameters.lasting, parameters.kill) = (spanned(lasting), Some(kill));
        }
        How::Slow { lasting, factor } => {
            (parameters.lasting, parameters.factor) = (spanned(lasting), Some(factor));
        }
    }
    Scripted { at, event: planned.event, parameters }
}

fn millis(time: Duration) -> Millis {
    Millis::new(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
