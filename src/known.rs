//! Three answers to a question about somebody's project: yes, no, and not known.
//!
//! An `Option` has two, and whoever reads it takes "not known" for "no": a rule about something that is missing then speaks
//! where nothing is missing, and one about something that is there is silent.

/// An answer that may be out of reach, with the reason why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    Yes(T),
    No,
    /// Nobody can tell without running the project; the text says why, as the end of a sentence.
    Unknown(String),
}

impl<T> Known<T> {
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(why.into())
    }

    /// The value, where it is certain.
    pub fn yes(self) -> Option<T> {
        match self {
            Self::Yes(value) => Some(value),
            Self::No | Self::Unknown(_) => None,
        }
    }

    /// Is it certain that there is none?
    pub fn is_no(&self) -> bool {
        matches!(self, Self::No)
    }

    /// Why it is not known, if it is not.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Unknown(why) => Some(why),
            Self::Yes(_) | Self::No => None,
        }
    }

    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Yes(value) => Known::Yes(value),
            Self::No => Known::No,
            Self::Unknown(why) => Known::Unknown(why.clone()),
        }
    }

    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Yes(value) => Known::Yes(with(value)),
            Self::No => Known::No,
            Self::Unknown(why) => Known::Unknown(why),
        }
    }

    /// The next road to an answer, where this one ends in a certain no.
    #[must_use]
    pub fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => other(),
            known => known,
        }
    }
}

/// `None` is a certain no here: say so only where everything was looked at.
impl<T> From<Option<T>> for Known<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::No, Self::Yes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_certain_no_asks_on() {
        assert_eq!(Known::Yes(1).or_else(|| Known::Yes(2)), Known::Yes(1));
        assert_eq!(Known::No.or_else(|| Known::Yes(2)), Known::Yes(2));
        let unknown: Known<u8> = Known::unknown("it is set in the console");
        assert_eq!(unknown.clone().or_else(|| Known::Yes(2)), unknown);
        assert_eq!(unknown.why(), Some("it is set in the console"));
        assert!(!unknown.is_no() && unknown.map(|n| n + 1).yes().is_none());
    }
}
