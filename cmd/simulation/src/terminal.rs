//! The one line on stderr that is drawn again and again, if stderr is a terminal.

use std::io::{IsTerminal, Write};

/// The last line of a terminal, or nothing.
pub struct TerminalLine {
    is_shown: bool,
}

impl TerminalLine {
    /// Shown if stderr is a terminal.
    pub fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal() }
    }

    /// Draws `what` in place of what was there.
    pub fn say(&self, what: &str) {
        if self.is_shown {
            let mut err = std::io::stderr().lock();
            // A terminal that is gone needs no progress.
            let _ = write!(err, "\r\x1b[2K{what}");
            let _ = err.flush();
        }
    }

    /// Makes room for something that stays.
    pub fn clear(&self) {
        self.say("");
    }
}
