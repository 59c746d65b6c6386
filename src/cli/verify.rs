//! `verify`: would this bundle deploy?

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::bundles::{BundleFinder, VersionArgs};
use crate::bundle::{self, Finding, Severity};
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::ui::{Answer, Paint, Ui, count};
use crate::world::World;

/// Tell what is wrong with a bundle
///
/// Works for any zip file, whoever made it. Errors make a deployment fail, or deploy something else than it seems;
/// warnings do not.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout verify from-somewhere-else.zip\n  beansprout verify version:shop-0123456789ab --sandbox"
)]
pub(crate) struct VerifyArgs {
    /// The bundle: a zip file, a label with a bundle in `.beansprout/bundles`, or `version:LABEL` for a registered version
    bundle: PathBuf,
    #[command(flatten)]
    version: VersionArgs,
}

pub(crate) fn verify(args: &VerifyArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let mut found = BundleFinder::new(&args.version, &project, world).bundle(&args.bundle, ui)?;
    let findings = bundle::verify(&mut found.opened)?;
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    ui.answer(&Verified { path: found.path, errors, warnings, findings, paint: ui.out() });
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
