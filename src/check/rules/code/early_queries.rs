//! Early queries: what a module asks the database for as it is imported, when there may be no tables yet.

use crate::beanstalk::tree::file_name;
use crate::check::django::loaded::{Module, Moment};
use crate::check::subject::Subject;

const RULE: &str = "EB378";

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let Some(settings) = subject.settings() else { return };
    // The checks of Django import the URLs, and with them what these import.
    let checks = !subject.scripts().iter().any(|script| script.text.contains("--skip-checks"));
    let routed = checks && settings.value("ROOT_URLCONF").text().is_some();
    // Models are imported before there are any checks.
    let is_model = |path: &str| file_name(path) == "models.py" || path.contains("/models/");
    let counts =
        |module: &&Module| module.moment == Moment::Request && !is_model(&module.path) && !module.path.contains("test");
    let mut first = modules.iter().filter(|_| routed).filter(counts);
    let Some((path, span)) = first.find_map(|module| Some((&module.path, module.queries.first()?))) else {
        return;
    };
    let message = "with a new database `migrate` fails: it checks the URLs, these import this module, and that asks for a table which is not there yet";
    let fix = "ask when it is needed: `choices` takes a function, and `ModelChoiceField` a query set";
    subject.find(RULE, path, span.clone(), message, fix);
}
