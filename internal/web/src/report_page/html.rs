//! HTML, written piece by piece. Whatever is not markup of ours goes through [`Html::text`].

/// Characters of one text that are shown; the rest is in `report.json`.
const TEXT_MAX: usize = 4_000;

/// A page, so far.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup.
    pub fn raw(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// Text, whatever is in it.
    pub fn text(&mut self, text: &str) {
        for (at, c) in text.chars().enumerate() {
            if at == TEXT_MAX {
                self.0.push_str(" … (cut off here; report.json has the rest)");
                break;
            }
            self.escaped(c);
        }
    }

    /// Text of any length.
    pub fn long_text(&mut self, text: &str) {
        text.chars().for_each(|c| self.escaped(c));
    }

    fn escaped(&mut self, c: char) {
        match c {
            '&' => self.0.push_str("&amp;"),
            '<' => self.0.push_str("&lt;"),
            '>' => self.0.push_str("&gt;"),
            '"' => self.0.push_str("&quot;"),
            '\'' => self.0.push_str("&#39;"),
            c => self.0.push(c),
        }
    }

    /// `<name attributes>text</name>`.
    pub fn element(&mut self, name: &str, attributes: &str, text: &str) {
        let space = if attributes.is_empty() { "" } else { " " };
        self.raw(&format!("<{name}{space}{attributes}>"));
        self.text(text);
        self.raw(&format!("</{name}>"));
    }

    /// A section with a title.
    pub fn section(&mut self, class: &str, title: &str, inside: impl FnOnce(&mut Self)) {
        self.raw(&format!("<section class=\"card {class}\">"));
        self.element("h2", "", title);
        inside(self);
        self.raw("</section>\n");
    }

    /// A table, by which name whoever cannot see it finds it. Of more rows than `most`, the last ones,
    /// and how many are not there.
    pub fn table(&mut self, name: &str, heads: &[&str], rows: Vec<Vec<String>>, most: usize) {
        let left = rows.len().saturating_sub(most);
        if left > 0 {
            let says = format!("The newest {most}; {left} earlier ones are in report.json.");
            self.element("p", "class=\"hint\"", &says);
        }
        self.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
        self.text(name);
        self.raw("\"><table><thead><tr>");
        heads.iter().for_each(|head| self.element("th", "scope=\"col\"", head));
        self.raw("</tr></thead><tbody>\n");
        for row in rows.into_iter().skip(left) {
            self.raw("<tr>");
            row.iter().for_each(|cell| self.element("td", "", cell));
            self.raw("</tr>\n");
        }
        self.raw("</tbody></table></div>");
    }

    pub fn done(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let mut html = Html::default();
        html.element("td", "", "</td><script>alert('1' & \"2\")</script>");
        let written = html.done();
        assert_eq!(
            written,
            "<td>&lt;/td&gt;&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;</td>"
        );
    }

    #[test]
    fn long_texts_are_cut_off_and_say_so() {
        let mut html = Html::default();
        html.text(&"é".repeat(TEXT_MAX + 1));
        let written = html.done();
        assert!(written.starts_with(&"é".repeat(TEXT_MAX)));
        assert!(written.ends_with("report.json has the rest)"), "{}", written.len());
    }

    #[test]
    fn of_many_rows_the_newest_are_there() {
        let mut html = Html::default();
        html.table("Rows", &["n"], (0..5).map(|n| vec![format!("row {n}")]).collect(), 2);
        let written = html.done();
        assert!(written.contains("3 earlier ones"), "{written}");
        assert!(!written.contains("row 2") && written.contains("row 3"), "{written}");
    }
}
