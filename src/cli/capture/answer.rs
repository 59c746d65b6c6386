//! What `capture` says.

use std::fmt;

use serde::Serialize;

use crate::beanstalk::name::Application;
use crate::environment;
use crate::environment::description_diff::Difference;
use crate::ui::{Answer, count};

/// An environment, and what became of its description.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    /// `None`: described, and not there.
    pub(super) id: Option<String>,
    pub(super) wrote: bool,
    /// Options that stand in the description.
    pub(super) options: usize,
    /// Options that nobody chose, or a file brings.
    pub(super) left: usize,
    pub(super) differences: Vec<Difference>,
    /// The version that the file still has, and the one that runs: a deployment is no difference.
    #[serde(skip)]
    pub(super) deployed_since: Option<[String; 2]>,
}

impl Row {
    pub(super) fn not_there(name: &str) -> Self {
        let (described, live) = (Some("one".to_owned()), Some("none".to_owned()));
        let difference = Difference { what: "environment".to_owned(), described, live };
        Self {
            name: name.to_owned(),
            id: None,
            wrote: false,
            options: 0,
            left: 0,
            differences: vec![difference],
            deployed_since: None,
        }
    }
}

#[derive(Serialize)]
pub(super) struct CaptureAnswer {
    pub(super) application: Application,
    pub(super) region: String,
    /// Nothing was written.
    pub(super) check: bool,
    pub(super) environments: Vec<Row>,
}

impl Answer for CaptureAnswer {
    const SCHEMA: &str = "capture/1";

    fn is_account(&self) -> bool {
        !self.check
    }
}

impl fmt::Display for CaptureAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, row) in self.environments.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            let path = environment::path(&row.name);
            match (row.wrote, row.differences.len()) {
                (true, _) => write!(f, "wrote `{path}`: {}, {} left out", count(row.options, "option"), row.left)?,
                (false, 0) => write!(f, "`{path}` is what lives")?,
                (false, number) => write!(f, "`{path}`: {}", count(number, "difference"))?,
            }
            if let Some([captured, runs]) = &row.deployed_since {
                write!(f, ", but for the version: it has `{captured}`, and `{runs}` runs")?;
            }
            for difference in &row.differences {
                write!(f, "\n  {difference}")?;
            }
        }
        Ok(())
    }
}
