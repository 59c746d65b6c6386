//! Fit: does a recipe go with what the project has? Two files can each be right and together stop nginx, or give one option
//! two values, and neither of them shows it.

use std::collections::BTreeSet;

use crate::beanstalk::config_file::OptionSetting;
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::tree::{Entry, Tree};
use crate::check;
use crate::fault::{Exit, Fault};
use crate::stack::{Plan, Recipe};

/// Is there something in the project that the recipe needs, or that it contradicts?
pub(super) fn fits(recipe: &Recipe, plan: &Plan, tree: &Tree) -> Result<(), Misfit> {
    let customizations = Customizations::read(tree);
    if recipe.needs_balancer && is_single(&customizations) {
        return Err(Misfit::Single { recipe: recipe.name.clone() });
    }
    let family = customizations.family;
    if recipe.needs_python && family != Family::Python {
        return Err(Misfit::Platform { recipe: recipe.name.clone(), family });
    }
    let mut with = tree.clone();
    for (path, planned) in plan.iter() {
        let (bytes, content) = (planned.content.len() as u64, Some(planned.content.clone()));
        with.insert(path.to_string(), Entry::File { executable: planned.executable, bytes, content });
    }
    let ours: BTreeSet<String> = plan.iter().map(|(path, _)| path.to_string()).collect();
    one_value(recipe, &ours, &with)?;
    let known: BTreeSet<_> = clashes(tree).into_iter().map(|finding| (finding.path, finding.message)).collect();
    for finding in clashes(&with) {
        let about =
            ours.contains(&finding.path) || ours.iter().any(|path| finding.message.contains(&format!("`{path}`")));
        if about && !known.contains(&(finding.path.clone(), finding.message.clone())) {
            return Err(Misfit::Breaks { recipe: recipe.name.clone(), finding: Box::new(finding) });
        }
    }
    Ok(())
}

/// What is wrong because of two files, or of the platform: nginx told twice, Django on the Docker host, a key in two sections, one
/// command in two files, a balancer that is not there, an option of another platform.
const CLASHES: &[&str] = &["EB143", "EB147", "EB204", "EB218", "EB226", "EB304"];

fn clashes(tree: &Tree) -> Vec<check::Finding> {
    let findings = check::run(tree, &check::Settings::default()).findings;
    findings.into_iter().filter(|finding| CLASHES.contains(&finding.rule)).collect()
}

/// Does the project say that its environment is one instance, without a load balancer?
fn is_single(customizations: &Customizations) -> bool {
    let kind = customizations.option("aws:elasticbeanstalk:environment", "EnvironmentType");
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("SingleInstance"))
}

/// No option of the recipe has another value in a file of the project.
fn one_value(recipe: &Recipe, ours: &BTreeSet<String>, with: &Tree) -> Result<(), Misfit> {
    let customizations = Customizations::read(with);
    let key = |setting: &OptionSetting| {
        let resource = setting.resource_name.as_ref().map(|name| name.value.clone());
        (setting.namespace.value.clone(), setting.name.value.clone(), resource)
    };
    let files = || customizations.used().filter(|file| file.path.starts_with(".ebextensions/"));
    for own in files().filter(|file| ours.contains(&file.path)).flat_map(|file| &file.option_settings) {
        for file in files().filter(|file| !ours.contains(&file.path)) {
            let other = file
                .option_settings
                .iter()
                .find(|other| key(other) == key(own) && other.value.value != own.value.value);
            if let Some(other) = other {
                return Err(Misfit::Option {
                    recipe: recipe.name.clone(),
                    name: own.name.value.clone(),
                    path: file.path.clone(),
                    is: other.value.value.clone(),
                    wants: own.value.value.clone(),
                });
            }
        }
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Misfit {
    #[error("`{recipe}` needs a load balancer, and this project's environment is a single instance")]
    Single { recipe: String },
    #[error("`{recipe}` is for the platform of Python, and this project is for {family}")]
    Platform { recipe: String, family: Family },
    #[error("`{recipe}` sets `{name}` to `{wants}`, and `{path}` says `{is}`")]
    Option { recipe: String, name: String, path: String, is: String, wants: String },
    #[error("`{recipe}` does not go with what is here: {}: {}", .finding.path, .finding.message)]
    Breaks { recipe: String, finding: Box<check::Finding> },
}

impl Fault for Misfit {
    fn exit(&self) -> Exit {
        Exit::Findings
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Single { .. } => {
                "set `EnvironmentType` to `LoadBalanced` in `.ebextensions`, and add it then".to_owned()
            }
            Self::Platform { recipe, .. } => {
                format!(
                    "`beansprout recipes {recipe}` shows what it would write, to be said in the words of this platform"
                )
            }
            Self::Option { recipe, path, name, .. } => {
                format!(
                    "decide which one is right: take `{name}` out of `{path}`, or write by hand what `beansprout recipes {recipe}` shows"
                )
            }
            Self::Breaks { recipe, finding } => {
                format!("{}; `beansprout recipes {recipe}` shows what it would write", finding.fix)
            }
        })
    }
}
