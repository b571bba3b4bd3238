//! The director's answers to commands by hand.

use broker::Log;

use crate::control::{Command, OpenFault, State};
use crate::director::Director;
use crate::fleet::Fleet;

/// Planned events that [`State`] shows.
const SHOWN_MAX: usize = 10;

impl<B: Log, F: Fleet> Director<B, F> {
    pub(crate) async fn obey(&mut self, command: Command) {
        // Whoever asked may be gone: then nobody needs the answer.
        match command {
            Command::Pause(answer) => {
                self.paused = true;
                let _ = answer.send(Ok(()));
            }
            Command::Resume(answer) => {
                self.paused = false;
                let _ = answer.send(Ok(()));
            }
            Command::Show(answer) => {
                let _ = answer.send(Ok(self.state()));
            }
            Command::Trigger(trigger, answer) => {
                let (now, rng) = (self.clock.elapsed(), &mut self.by_hand);
                let planned = self.terms.planned(now, trigger.event, &trigger.parameters, rng);
                let _ = answer.send(self.act(&planned).await);
            }
        }
    }

    fn state(&self) -> State {
        let open = self.book.open.iter().map(|open| OpenFault {
            id: open.fault.id,
            event: open.fault.event.clone(),
            target: open.fault.target.clone(),
            since_seconds: open.since.as_secs_f64(),
            until_seconds: open.until.map(|until| until.as_secs_f64()),
            effect: open.fault.effect.clone(),
        });
        State {
            paused: self.paused,
            elapsed_seconds: self.clock.elapsed().as_secs_f64(),
            planned_next: self.schedule.iter().take(SHOWN_MAX).cloned().collect(),
            planned_left: self.schedule.len(),
            open: open.collect(),
            rolling_left: self.book.rolling.as_ref().map_or(0, |rolling| rolling.left.len()),
            done: self.done.values().sum(),
            done_by_event: self.done.clone(),
            skipped: self.skipped,
        }
    }
}
