//! Other reading: what git leaves out, and the EB CLI would ship, since it reads `.ebignore` alone where there is one.

use crate::beanstalk::customizations::LOOKED_FOR;
use crate::bundle::{IgnoreMode, Plan, Reason, Scope};
use crate::ui::ticked;

const EBIGNORE: &str = ".ebignore";

/// What to say of it, where something is left out that Elastic Beanstalk looks for.
pub(super) fn warning(plan: &Plan, scope: &Scope) -> Option<String> {
    if scope.ignore != IgnoreMode::Git || plan.why(EBIGNORE).is_none() {
        return None;
    }
    let by_git = |path: &&str| {
        let decided = plan.why(path).filter(|why| !why.ships).map(|why| why.decided.reason);
        matches!(decided, Some(Reason::Rule { file, .. }) if !file.ends_with(EBIGNORE))
    };
    let left: Vec<&str> = LOOKED_FOR.into_iter().filter(by_git).collect();
    let first = left.first()?;
    let names = ticked(left.iter().copied());
    Some(format!(
        "{names} stays out by a rule of git's, and `eb deploy` would ship it: that reads `{EBIGNORE}` alone; add `!{first}` there, or say `--ignore eb-cli`"
    ))
}
