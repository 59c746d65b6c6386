//! What `adopt` finds: which project, which settings, and what is said of them before anything is asked.

use std::path::Path;

use super::error::Error;
use crate::adopt::{self, Detected};
use crate::beanstalk::tree::Tree;
use crate::check::django;
use crate::cli::interview::Prompter;
use crate::fault::Failure;
use crate::known::Known;
use crate::project::Project;
use crate::stack::Given;
use crate::ui::Ui;

/// Which of the projects in the tree is meant.
pub(super) fn folder(
    wanted: Option<&Path>,
    tree: &Tree,
    project: &Project,
    person: Option<&Prompter>,
) -> Result<String, Failure> {
    let found = adopt::projects(tree);
    let shown =
        |folder: &String| if folder.is_empty() { ".".to_owned() } else { folder.trim_end_matches('/').to_owned() };
    if let Some(wanted) = wanted {
        let wanted = wanted.to_string_lossy();
        let wanted = wanted.trim_start_matches("./").trim_end_matches('/');
        let same = |folder: &&String| shown(folder) == wanted || (wanted.is_empty() && folder.is_empty());
        return match found.iter().find(same) {
            Some(folder) => Ok(folder.clone()),
            // Its command line may be in another module; whoever names the folder knows.
            None if tree.is_file(&format!("{wanted}/manage.py")) => Ok(format!("{wanted}/")),
            None if matches!(wanted, "" | ".") && tree.is_file("manage.py") => Ok(String::new()),
            None => {
                Err(Error::NotAProject { folder: wanted.to_owned(), found: found.iter().map(shown).collect() }.into())
            }
        };
    }
    // It was adopted before, and its `Procfile` says which one.
    if let Some(served) = django::served_from(tree).filter(|served| found.contains(served)) {
        return Ok(served);
    }
    let depth = |folder: &String| folder.matches('/').count();
    match found.as_slice() {
        [] => Err(Error::NoProject { root: project.root.clone() }.into()),
        [only] => Ok(only.clone()),
        // The others are samples and tests of the one they are inside of.
        [first, second, ..] if depth(first) < depth(second) => Ok(first.clone()),
        several => {
            let names: Vec<String> = several.iter().map(shown).collect();
            let Some(person) = person else { return Err(Error::SeveralProjects { found: names }.into()) };
            let items: Vec<&str> = names.iter().map(String::as_str).collect();
            Ok(several[person.select("Which project?", &items, 0)?].clone())
        }
    }
}

/// Which settings are production's.
pub(super) fn settings(
    tree: &Tree,
    detected: &Detected,
    given: &Given,
    person: Option<&Prompter>,
    ui: &mut Ui,
) -> Result<String, Failure> {
    if let Some(module) = given.text("settings") {
        return exists(tree, detected, module);
    }
    match detected.settings.as_slice() {
        [] => Err(Error::NoSettings { manage: detected.manage.clone() }.into()),
        [first, ..] if detected.sure => Ok(first.clone()),
        several => {
            let Some(person) = person else {
                return Err(Error::SeveralSettings { found: several.to_vec(), absent: detected.absent.clone() }.into());
            };
            ui.say("Several modules look like settings.");
            let items: Vec<&str> = several.iter().map(String::as_str).collect();
            Ok(several[person.select("Which one is production's?", &items, 0)?].clone())
        }
    }
}

pub(super) fn exists(tree: &Tree, detected: &Detected, module: String) -> Result<String, Failure> {
    match django::module_path(tree, &detected.root, &module) {
        Some(_) => Ok(module),
        None => Err(Error::NotSettings { module, found: detected.settings.clone() }.into()),
    }
}

/// What serves: as the project's own process says, or else what is there to be served.
fn served(detected: &Detected, tree: &Tree, bold: &dyn Fn(&str) -> String) -> String {
    match detected.serves(tree) {
        Known::Yes(application) => format!("{}, says Procfile", bold(&application)),
        Known::Unknown(why) => format!("not known from Procfile: {why}"),
        Known::No if detected.channels && detected.asgi.is_some() => bold(detected.asgi.as_deref().unwrap_or_default()),
        Known::No => bold(detected.wsgi.as_deref().or(detected.asgi.as_deref()).unwrap_or("none: one is added")),
    }
}

/// Say what was found, before anything is asked.
pub(super) fn tell(detected: &Detected, tree: &Tree, module: &str, uncommitted: Option<usize>, ui: &mut Ui) {
    let bold = |text: &str| ui.err().bold(text);
    let mut lines = vec![format!("  settings      {}", bold(module))];
    lines.push(format!("  application   {}", served(detected, tree, &bold)));
    let django = detected.django.as_deref().map_or_else(|| "of a version that is not pinned".to_owned(), bold);
    lines.push(format!("  Django        {django}"));
    if let Some(python) = &detected.python {
        lines.push(format!("  Python        {}, says {}", bold(&python.version), python.path));
    }
    lines.push(format!("  packages      {}", bold(detected.requirements.as_deref().unwrap_or("listed nowhere"))));
    if let Some(celery) = &detected.celery {
        lines.push(format!("  Celery        {}", bold(celery)));
    }
    ui.say(format_args!("Found Django at `{}`:", detected.manage));
    lines.into_iter().for_each(|line| ui.say(line));
    match uncommitted {
        None => ui.warn("this is not a git repository: nothing but a copy of yours can undo what is written"),
        Some(0) => {}
        Some(changes) => {
            let changes = match changes {
                1 => "1 change is not committed".to_owned(),
                _ => format!("{changes} changes are not committed"),
            };
            ui.warn(format_args!("{changes}: after a commit, git alone undoes what is written now"));
        }
    }
}
