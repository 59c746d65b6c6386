//! `verify`: would this bundle deploy?

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::bundle::{self, Finding, Opened, Severity};
use crate::fault::{Exit, Failure};
use crate::ui::{Answer, Paint, Ui, count};
use crate::world::World;

/// Tell what is wrong with a bundle
///
/// Works for any zip file, whoever made it. Errors make a deployment fail, or deploy something else than it seems;
/// warnings do not.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout verify from-somewhere-else.zip")]
pub(crate) struct VerifyArgs {
    /// The bundle
    bundle: PathBuf,
}

pub(crate) fn verify(args: &VerifyArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let mut opened = Opened::open(&world.resolve(&args.bundle))?;
    let findings = bundle::verify(&mut opened)?;
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    ui.answer(&Verified { path: args.bundle.clone(), errors, warnings, findings, paint: ui.out() });
    Ok(if errors == 0 { Exit::Done } else { Exit::Findings })
}

/// The answer of `verify`.
#[derive(Serialize)]
struct Verified {
    path: PathBuf,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
    #[serde(skip)]
    paint: Paint,
}

impl Answer for Verified {
    const SCHEMA: &str = "verify/1";
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            let label = match finding.severity {
                Severity::Error => self.paint.red("error:"),
                Severity::Warning => self.paint.yellow("warning:"),
            };
            writeln!(f, "{label} {finding}")?;
        }
        let (errors, warnings) = (count(self.errors, "error"), count(self.warnings, "warning"));
        write!(f, "`{}`: {errors}, {warnings}", self.path.display())
    }
}
