//! Colours (plan-ux 3). Never the only carrier of a meaning.

/// Puts colour on text, or leaves it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

/// A colour of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hue {
    /// Create, success.
    Green,
    /// Update, warning.
    Yellow,
    /// Delete, error.
    Red,
    /// Replace.
    MagentaBold,
    /// Adopt, notes.
    Cyan,
    /// What may be skipped.
    Dim,
    /// Headings.
    Bold,
}

impl Paint {
    /// Colour or none.
    pub fn new(on: bool) -> Self {
        Self { on }
    }

    /// True if colour is on.
    pub fn is_on(self) -> bool {
        self.on
    }

    /// The text in a colour.
    pub fn with(self, hue: Hue, text: &str) -> String {
        if !self.on || text.is_empty() {
            return text.to_owned();
        }
        let code = match hue {
            Hue::Green => "32",
            Hue::Yellow => "33",
            Hue::Red => "31",
            Hue::MagentaBold => "1;35",
            Hue::Cyan => "36",
            Hue::Dim => "2",
            Hue::Bold => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
