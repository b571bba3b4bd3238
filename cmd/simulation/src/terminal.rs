//! The one line on stderr that is drawn again and again, if stderr is a terminal.

use std::io::{IsTerminal, Write};

/// Columns of a terminal that does not say how many it has.
const COLUMNS: usize = 80;

/// The last line of a terminal, or nothing.
pub struct TerminalLine {
    is_shown: bool,
}

impl TerminalLine {
    /// Shown if stderr is a terminal.
    pub fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal() }
    }

    /// Draws `what` in place of what was there, as far as there is room.
    pub fn say(&self, what: &str) {
        if self.is_shown {
            let mut err = std::io::stderr().lock();
            // A line that wraps could not be drawn over.
            let shown = cut(what, columns());
            // A terminal that is gone needs no progress.
            let _ = write!(err, "\r\x1b[2K{shown}");
            let _ = err.flush();
        }
    }

    /// Makes room for something that stays.
    pub fn clear(&self) {
        self.say("");
    }
}

fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.ok().map(|size| usize::from(size.ws_col)).filter(|n| *n > 0).unwrap_or(COLUMNS)
}

/// As many characters as fit before the last column.
fn cut(what: &str, columns: usize) -> String {
    match what.chars().count() < columns {
        true => what.to_owned(),
        false => what.chars().take(columns.saturating_sub(2)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_wraps() {
        assert_eq!(cut("five·", 6), "five·");
        assert_eq!(cut("five·", 5), "fiv…");
        assert_eq!(cut("five·", 0), "…");
    }
}
