//! Colour, where it is wanted.

use std::fmt;

use super::visible::Colour;

/// Colours, or not. No meaning lives in colour alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paint {
    on: bool,
}

impl Paint {
    pub(super) fn new(on: bool) -> Self {
        Self { on }
    }

    pub fn is_on(self) -> bool {
        self.on
    }

    fn with(self, code: &str, text: impl fmt::Display) -> String {
        if self.on { Colour(code, text).to_string() } else { text.to_string() }
    }

    pub fn bold(self, text: impl fmt::Display) -> String {
        self.with("1", text)
    }

    pub fn dim(self, text: impl fmt::Display) -> String {
        self.with("2", text)
    }

    pub fn red(self, text: impl fmt::Display) -> String {
        self.with("1;31", text)
    }

    pub fn green(self, text: impl fmt::Display) -> String {
        self.with("32", text)
    }

    pub fn yellow(self, text: impl fmt::Display) -> String {
        self.with("1;33", text)
    }

    pub fn cyan(self, text: impl fmt::Display) -> String {
        self.with("1;36", text)
    }
}
