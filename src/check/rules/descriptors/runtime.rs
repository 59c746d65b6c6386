//! Runtime: `runtime.txt`, by which Heroku chooses a Python, and which Elastic Beanstalk does not read.

use crate::beanstalk::lines::placed;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::version::Version;
use crate::check::subject::Subject;

const FILE: &str = "runtime.txt";

pub(super) fn check(subject: &mut Subject<'_>) {
    let branch = subject.customizations.platform.as_ref().and_then(|platform| platform.branch);
    let Some(branch) = branch.filter(|branch| branch.family == Family::Python && branch.retired.is_none()) else {
        return;
    };
    let Some((branch, has)) = branch.python.map(|python| (branch.name, python)) else { return };
    let Some(text) = subject.tree.text(FILE) else { return };
    let said = placed(text).find_map(|(at, line)| {
        let line = line.trim_end();
        let version = Version::first(line.trim_start().strip_prefix("python-")?)?;
        Some((at..at + line.len(), version))
    });
    let Some((span, named)) = said.filter(|(_, named)| *named != has) else { return };
    let message = format!("nobody reads this: the site runs on Python {has}, which `{branch}` has, and not on {named}");
    let fix = "take the file out; the platform branch decides which Python it is";
    subject.find("EB383", FILE, span, message, fix);
}
