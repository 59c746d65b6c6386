//! How long AWS takes: medians and ranges of twenty event streams that people have shown in public, 2018 to 2025.
//!
//! Small applications, all of them; builds, packages of the system and health that settles come on top.

use std::fmt;

use serde::Serialize;

/// Seconds that something took, wherever somebody saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Duration {
    /// The median.
    pub seconds: i64,
    pub least: i64,
    pub most: i64,
    /// In how many logs.
    pub logs: u32,
}

const fn of(logs: u32, seconds: i64, least: i64, most: i64) -> Duration {
    Duration { seconds, least, most, logs }
}

/// A launch, by what it makes.
pub const SINGLE: Duration = of(4, 155, 146, 187);
pub const BALANCED: Duration = of(4, 232, 198, 255);
pub const CLASSIC: Duration = of(4, 173, 132, 215);
/// A deployment to all instances at once.
pub const DEPLOY: Duration = of(3, 21, 19, 31);
pub const TERMINATE: Duration = of(3, 143, 127, 284);
pub const SWAP: Duration = of(2, 6, 5, 6);

impl Duration {
    /// One after the other.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let (seconds, least, most) = (self.seconds + next.seconds, self.least + next.least, self.most + next.most);
        Self { seconds, least, most, logs: self.logs.min(next.logs) }
    }

    /// Both at once: as long as the longer.
    #[must_use]
    pub fn beside(self, other: Self) -> Self {
        if self.seconds < other.seconds { other } else { self }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, least, most, logs } = self;
        write!(f, "about {seconds} s ({least} to {most} in {logs} public logs, 2018 to 2025)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_follow_each_other_and_what_is_in_one_does_not() {
        let wave = SINGLE.beside(BALANCED);
        assert_eq!(wave, BALANCED);
        let both = wave.then(CLASSIC);
        assert_eq!(both.to_string(), "about 405 s (330 to 470 in 4 public logs, 2018 to 2025)");
    }
}
