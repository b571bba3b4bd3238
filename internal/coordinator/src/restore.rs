//! Going on with a judge that was put away: under the same settings only.

use model::Timestamp;

use crate::JudgeSettings;
use crate::judge::Judge;

/// A judge cannot go on under other bounds than those that it has judged by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was judged by other settings: {0} differs")]
pub struct OtherSettings(&'static str);

impl Judge {
    /// The settings that it judges by.
    pub fn settings(&self) -> &JudgeSettings {
        &self.docket.settings
    }

    /// Whether it may go on in a run that is judged by `settings`.
    ///
    /// # Errors
    ///
    /// [`OtherSettings`] names the first setting that differs.
    pub fn check_settings(&self, settings: &JudgeSettings) -> Result<(), OtherSettings> {
        let own = self.settings();
        let partitions = settings.partitions as usize;
        let spelled = [self.accounts.len(), self.chains.len(), self.seats.len()];
        for (what, same) in [
            ("the number of partitions", own.partitions == settings.partitions),
            ("the number of accounts", spelled.iter().all(|count| *count == partitions)),
            ("the weights of the partitions", own.weights == settings.weights),
            ("the lease", own.lease == settings.lease),
            ("the bound on unowned time", own.unowned_bound == settings.unowned_bound),
            ("the bound on the start", own.startup_bound == settings.startup_bound),
            ("the bound on stalls", own.stall == settings.stall),
            ("the promise for every message", own.promise == settings.promise),
            ("the promise of the strategy", own.sticky == settings.sticky),
            ("what has to be exercised", own.required == settings.required),
            ("the start of the run", own.started_at == settings.started_at),
        ] {
            if !same {
                return Err(OtherSettings(what));
            }
        }
        Ok(())
    }

    /// The run goes on at `at`, from what this judge knew at `checkpoint`. If `everything` was
    /// stopped, producers send again, even those that had finished.
    pub(crate) fn resumed(&mut self, at: Timestamp, checkpoint: Timestamp, everything: bool) {
        if everything {
            self.producers.expect_again();
        }
        self.draining_at = None;
        self.docket.events.resume(at, checkpoint);
    }
}
