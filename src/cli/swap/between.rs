//! What lies between the versions of two environments, and what else leads to one of them.

use crate::bundle::Reader;
use crate::check;
use crate::check::django::migrations::{self, Migration, Scan};
use crate::cli::aws::Connected;
use crate::fault::Failure;
use crate::file;
use crate::project::Project;
use crate::release::{self, BundleStore, Location, Migrations, SwapSide, SwapSurvey};
use crate::ui::Ui;
use crate::world::World;

/// No migration that a person wrote is larger.
const LARGEST: u64 = 1 << 20;
/// Written by the recipe `root-domain`.
const ALIAS: &str = "ops/root-domain.json";

/// What of the migrations between the two one of them cannot live with: they may share a database.
pub(super) fn migrations(
    survey: &SwapSurvey,
    store: &BundleStore,
    aws: &Connected,
    ui: &mut Ui,
) -> Result<Migrations, Failure> {
    let (blue, green) = (&survey.blue, &survey.green);
    let mut found = Migrations::default();
    if blue.environment.label == green.environment.label || blue.bundle == green.bundle {
        return Ok(found);
    }
    let (Some(old), Some(new)) = (of(blue, store, aws, ui, &mut found)?, of(green, store, aws, ui, &mut found)?) else {
        return Ok(found);
    };
    for (from, to) in [(&old, &new), (&new, &old)] {
        let Scan { risks, unread } = migrations::scan(from, to);
        found.risks.extend(risks.into_iter().map(|risk| format!("{}:{}: {}", risk.path, risk.line, risk.what)));
        found.unread.extend(unread.into_iter().map(|path| format!("what `{path}` does to the database")));
    }
    Ok(found)
}

/// The migrations in the bundle of an environment's version. `None`: nobody knows, and it is said why.
fn of(
    side: &SwapSide,
    store: &BundleStore,
    aws: &Connected,
    ui: &mut Ui,
    found: &mut Migrations,
) -> Result<Option<Vec<Migration>>, Failure> {
    let name = &side.environment.name;
    let mut unread = |why: &str| {
        found.unread.push(format!("the migrations of `{name}`, because {why}"));
        Ok(None)
    };
    let Some(at) = &side.bundle else { return unread("its version was not made from a bundle") };
    match read(at, store, aws, ui)? {
        Some(migrations) => Ok(Some(migrations)),
        None => unread(&format!("`{at}` is gone, or is no bundle")),
    }
}

fn read(at: &Location, store: &BundleStore, aws: &Connected, ui: &mut Ui) -> Result<Option<Vec<Migration>>, Failure> {
    let mut content = file::temporary()?;
    ui.say(format_args!("looking for migrations in `{at}`"));
    if !release::fetch_bundle(aws, store, at, &mut content, &mut |_| {})? {
        return Ok(None);
    }
    let Ok(mut opened) = Reader::read(content, std::path::Path::new(&at.to_string())) else { return Ok(None) };
    let Ok(files) = opened.files(migrations::is_migration, LARGEST) else { return Ok(None) };
    let text = |(path, content): (String, Vec<u8>)| (path, String::from_utf8_lossy(&content).into_owned());
    Ok(Some(files.into_iter().map(text).collect()))
}

/// Where the settings of what is here keep the database in a file, on the one instance: what is written there stays behind.
///
/// A swap needs nothing of the work tree: where that cannot be read, this is not known, and the names go all the same.
pub(super) fn database(project: &Project, survey: &SwapSurvey, world: &World) -> Option<String> {
    // Only what is given by name decides otherwise; whether it names a file too, nobody here can tell.
    let given = |side: &SwapSide| side.settings.iter().any(|setting| setting.option.name == "DATABASE_URL");
    if [&survey.blue, &survey.green].into_iter().any(given) {
        return None;
    }
    let tree = match crate::cli::check::shipped(project, world) {
        Ok(tree) => tree,
        Err(failure) => return Some(format!("not known: is the database a file on each instance? {}", failure.line())),
    };
    let (_, settings) = check::production(&tree)?;
    let engine = settings.value("DATABASES").by_default().get("default").by_default().get("ENGINE");
    let sqlite = engine.by_default().text().is_some_and(|engine| engine.ends_with("sqlite3"));
    let blue = &survey.blue.environment.name;
    sqlite.then(|| format!("the database is SQLite, a file on each instance: what visitors wrote stays with `{blue}`"))
}

/// The file of an alias that names a balancer instead of an environment, and what it names. Where it cannot be read, a note
/// says so.
pub(super) fn alias(project: &Project, notes: &mut Vec<String>) -> Option<(String, String)> {
    let path = project.root.join(ALIAS);
    if !path.is_file() {
        return None;
    }
    match file::read_text(&path) {
        Ok(text) => to_balancer(&text).map(|target| (ALIAS.to_owned(), target)),
        Err(error) => {
            notes.push(format!("not known: does an alias lead past the names? {}", Failure::from(error).line()));
            None
        }
    }
}

fn to_balancer(text: &str) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    let changes = document["Changes"].as_array()?;
    let targets = changes.iter().filter_map(|change| change["ResourceRecordSet"]["AliasTarget"]["DNSName"].as_str());
    let follows = |target: &&str| target.trim_end_matches('.').ends_with(".elasticbeanstalk.com");
    targets.into_iter().find(|target| !follows(target)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_follows_only_an_environment() {
        let text = |target: &str| {
            format!(r#"{{"Changes": [{{"ResourceRecordSet": {{"AliasTarget": {{"DNSName": "{target}"}}}}}}]}}"#)
        };
        assert_eq!(to_balancer(&text("shop.eu-west-1.elasticbeanstalk.com")), None);
        assert_eq!(
            to_balancer(&text("awseb-x.eu-west-1.elb.amazonaws.com")).as_deref(),
            Some("awseb-x.eu-west-1.elb.amazonaws.com")
        );
        assert_eq!(to_balancer("{"), None);
    }
}
