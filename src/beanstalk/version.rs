//! Version: enough of one to compare, for Python, Django and the platform.

use std::fmt;

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Version {
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// The first version in `==4.2.11` or `>=4.2,<5`.
    pub fn first(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let mut numbers = text[start..].split(|c: char| !c.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        Some(Self { major, minor: numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_text() {
        assert_eq!(Version::first("==4.2.11"), Some(Version::new(4, 2)));
        assert_eq!(Version::first(">=5,<6"), Some(Version::new(5, 0)));
        assert_eq!(Version::first("~= 3.10"), Some(Version::new(3, 10)));
        assert_eq!(Version::first("any"), None);
        assert!(Version::new(3, 9) < Version::new(3, 10));
        assert_eq!(Version::new(3, 10).to_string(), "3.10");
    }
}
