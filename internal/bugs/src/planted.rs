//! The switch. One bug at the most is on, and it stays on: a process is either sick or well.

use std::cell::Cell;
use std::sync::OnceLock;

use crate::Bug;

thread_local! {
    static SPOILT: Cell<bool> = const { Cell::new(false) };
}

static PLANTED: OnceLock<Bug> = OnceLock::new();

/// Switches `bug` on for the rest of this process. Says `false` if another one is on already.
pub fn plant(bug: Bug) -> bool {
    *PLANTED.get_or_init(|| bug) == bug
}

/// Whether `bug` is switched on in this process; the canary, whether it is in this thread.
#[inline]
pub fn has(bug: Bug) -> bool {
    PLANTED.get() == Some(&bug) && (bug != Bug::Canary || SPOILT.get())
}

/// Switches the canary on or off for what this thread runs.
pub fn spoil(spoilt: bool) {
    SPOILT.set(spoilt);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bug_is_on_at_the_most() {
        assert!(!has(Bug::EffectTwice));
        assert!(plant(Bug::EffectTwice) && plant(Bug::EffectTwice));
        assert!(has(Bug::EffectTwice) && !has(Bug::Reordered));
        assert!(!plant(Bug::Reordered) && !has(Bug::Reordered));
    }
}
