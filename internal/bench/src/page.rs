//! A page of Markdown that several benchmarks share: each replaces its own section, and leaves every
//! other word as it is.

/// Why a section cannot be put into a page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// There is a beginning without an end, or the other way round.
    #[error("{found:?} stands there without {missing:?} behind it: put it in, or take both away")]
    Unpaired {
        /// The marker that is there.
        found: String,
        /// The one that is not.
        missing: String,
    },
    /// The section is there twice.
    #[error("{0:?} stands there twice: leave one")]
    Twice(String),
}

/// `page` with the section of the benchmark `name` replaced by `section`, or with one more section at
/// its end.
///
/// A section lies between `<!-- bench NAME -->` and `<!-- end of bench NAME -->`.
///
/// # Errors
///
/// [`PageError`] if the markers are not one pair in order.
pub fn with_section(page: &str, name: &str, section: &str) -> Result<String, PageError> {
    let (begin, end) = (format!("<!-- bench {name} -->"), format!("<!-- end of bench {name} -->"));
    let section = format!("{begin}\n\n{}\n\n{end}", section.trim());
    for marker in [&begin, &end] {
        if page.matches(marker.as_str()).count() > 1 {
            return Err(PageError::Twice(marker.clone()));
        }
    }
    let Some((before, rest)) = page.split_once(&begin) else {
        if page.contains(&end) {
            return Err(PageError::Unpaired { found: end, missing: begin });
        }
        return Ok(format!("{}\n\n{section}\n", page.trim_end()).trim_start().to_owned());
    };
    let Some((_, after)) = rest.split_once(&end) else {
        return Err(PageError::Unpaired { found: begin, missing: end });
    };
    Ok(format!("{before}{section}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_added_and_then_replaced() {
        let first = with_section("# Page\n\nWords.\n", "assign", "one\n").unwrap();
        assert_eq!(
            first,
            "# Page\n\nWords.\n\n<!-- bench assign -->\n\none\n\n<!-- end of bench assign -->\n"
        );
        let other = with_section(&first, "recover", "other").unwrap();
        let more = format!("{other}\nThe end.\n");
        let second = with_section(&more, "assign", "two").unwrap();
        assert_eq!(second, more.replace("one", "two"), "nothing else changes");
    }

    #[test]
    fn an_empty_page_becomes_the_section() {
        let page = with_section("", "a", "x").unwrap();
        assert_eq!(page, "<!-- bench a -->\n\nx\n\n<!-- end of bench a -->\n");
    }

    #[test]
    fn markers_that_are_no_pair_are_refused() {
        let (begin, end) = ("<!-- bench a -->", "<!-- end of bench a -->");
        let unpaired = |found: &str, missing: &str| {
            Err(PageError::Unpaired { found: found.into(), missing: missing.into() })
        };
        assert_eq!(with_section(begin, "a", "x"), unpaired(begin, end));
        assert_eq!(with_section(end, "a", "x"), unpaired(end, begin));
        assert_eq!(with_section(&format!("{end}{begin}"), "a", "x"), unpaired(begin, end));
        let twice = format!("{begin}{end}{begin}{end}");
        assert_eq!(with_section(&twice, "a", "x"), Err(PageError::Twice(begin.into())));
    }
}
