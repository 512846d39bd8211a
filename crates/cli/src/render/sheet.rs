//! A page of headings, paragraphs and facts: what `explain`, `schema`, `permissions`, `info` and `test` print.

use super::console::Style;
use super::paint::Hue;
use super::text::{clean, pad, width, wrap};

/// Lines narrower than this are no longer wrapped: better a long line than one word each.
const NARROWEST: usize = 20;

/// A page while it is written.
pub(crate) struct Sheet {
    text: String,
    style: Style,
}

impl Sheet {
    pub(crate) fn new(style: Style) -> Self {
        Self { text: String::new(), style }
    }

    /// What was written.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// A text from elsewhere that is safe to show on one line.
    pub(crate) fn clean(&self, text: &str) -> String {
        if self.style.unicode { clean(text, true) } else { clean(&typed(text), false) }
    }

    /// A line as it is; it may hold colours.
    pub(crate) fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// One empty line, never two.
    pub(crate) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Bold on the left, dim at the right edge, or below where there is no room.
    pub(crate) fn head(&mut self, left: &str, right: &str) {
        let left = self.clean(left);
        let painted = self.style.paint.with(Hue::Bold, &left);
        self.spread(&painted, width(&left), right, 4);
    }

    /// Left (painted, of this width) and right (dim) on one line if they fit, else one below the other.
    pub(crate) fn spread(&mut self, left: &str, left_width: usize, right: &str, below: usize) {
        let right = self.clean(right);
        let right_width = width(&right);
        let painted = self.style.paint.with(Hue::Dim, &right);
        if right_width == 0 {
            self.line(left);
        } else if left_width + 2 + right_width <= self.style.width {
            let gap = self.style.width - left_width - right_width;
            self.line(&format!("{left}{}{painted}", " ".repeat(gap)));
        } else {
            self.line(left);
            self.line(&format!("{}{painted}", " ".repeat(below)));
        }
    }

    /// A heading with an empty line before it.
    pub(crate) fn section(&mut self, title: &str) {
        self.blank();
        let title = self.style.paint.with(Hue::Bold, title);
        self.line(&title);
    }

    /// Wrapped text; each line of it is a paragraph of its own.
    pub(crate) fn paragraph(&mut self, edge: usize, text: &str) {
        let room = self.style.width.saturating_sub(edge).max(NARROWEST);
        for part in text.lines() {
            for line in wrap(&self.clean(part), room) {
                self.line(&format!("{}{line}", " ".repeat(edge)));
            }
        }
    }

    /// A fact: a dim key and wrapped text with a hanging edge. Each line of the text starts a line.
    pub(crate) fn fact(&mut self, edge: usize, key_width: usize, key: &str, text: &str) {
        let hang = edge + key_width + 2;
        let room = self.style.width.saturating_sub(hang).max(NARROWEST);
        let cleaned: Vec<String> = text.lines().map(|part| self.clean(part)).collect();
        let mut lines = cleaned.iter().flat_map(|part| wrap(part, room));
        let key = pad(&self.clean(key), key_width);
        let key = self.style.paint.with(Hue::Dim, &key);
        let first = lines.next().unwrap_or_default();
        self.line(&format!("{}{key}  {first}", " ".repeat(edge)));
        for line in lines {
            self.line(&format!("{}{line}", " ".repeat(hang)));
        }
    }
}

/// Typographic characters as a typewriter has them.
fn typed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2018}' | '\u{2019}' => out.push('\''),
            '\u{201c}' | '\u{201d}' => out.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '\u{2026}' => out.push_str("..."),
            '\u{2022}' | '\u{b7}' => out.push('*'),
            '\u{2192}' => out.push_str("->"),
            '\u{2265}' => out.push_str(">="),
            '\u{2264}' => out.push_str("<="),
            '\u{a0}' | '\u{2009}' | '\u{202f}' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_hang_and_typography_is_typed() {
        let mut sheet = Sheet::new(Style::plain(32, false));
        sheet.fact(2, 4, "why", "it is “so” – and it goes on for a while\nsecond");
        assert_eq!(
            sheet.finish(),
            "  why   it is \"so\" - and it goes\n        on for a while\n        second\n"
        );
    }

    #[test]
    fn a_right_side_without_room_goes_below() {
        let mut sheet = Sheet::new(Style::plain(20, true));
        sheet.head("left left", "right");
        sheet.head("left left left", "right right");
        assert_eq!(sheet.finish(), "left left      right\nleft left left\n    right right\n");
    }
}
