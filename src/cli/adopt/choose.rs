//! Which files of the plan are accepted: by flags, or by the person at the terminal, one by one.

use super::error::Error;
use crate::adopt::{Action, Item, Plan};
use crate::cli::interview::Prompter;
use crate::fault::Failure;
use crate::ui::{Ui, count};

/// Files that the flags name: nothing but these, all but those.
pub(super) struct Wanted<'a> {
    pub(super) only: &'a [String],
    pub(super) skip: &'a [String],
}

/// Files of the plan that were accepted.
pub(super) struct Choice {
    /// For each item of the plan, in its order.
    pub(super) accepted: Vec<bool>,
    /// A part of the package was declined, and the others are nothing without it.
    pub(super) no_package: bool,
}

pub(super) fn choose(
    plan: &Plan,
    wanted: &Wanted<'_>,
    person: Option<&Prompter>,
    ui: &mut Ui,
) -> Result<Choice, Failure> {
    let paths: Vec<String> = plan.items.iter().map(|item| item.path.to_string()).collect();
    for named in wanted.only.iter().chain(wanted.skip) {
        if !paths.iter().any(|path| covers(named, path)) && !names_package(named) {
            return Err(Error::NotInPlan { path: named.clone(), found: paths }.into());
        }
    }
    let named = |list: &[String], path: &str| list.iter().any(|wanted| covers(wanted, path));
    let by_flags = |item: &Item| {
        let path = item.path.to_string();
        item.writes() && !named(wanted.skip, &path) && (wanted.only.is_empty() || named(wanted.only, &path))
    };
    let mut accepted: Vec<bool> = plan.items.iter().map(by_flags).collect();
    if !declined(plan, &accepted)
        && let Some(person) = person
    {
        ask(plan, &mut accepted, person, ui)?;
    }
    let no_package = declined(plan, &accepted);
    Ok(Choice { accepted, no_package })
}

/// Is a file of the package not accepted?
fn declined(plan: &Plan, accepted: &[bool]) -> bool {
    plan.items.iter().zip(accepted).any(|(item, accepted)| item.of_package && item.writes() && !accepted)
}

/// `.ebextensions/` and `.ebextensions` are the folder, and what is in it.
fn covers(wanted: &str, path: &str) -> bool {
    let wanted = wanted.trim_start_matches("./").trim_end_matches('/');
    path == wanted || path.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/'))
}

/// It is not in a plan that was made without it.
fn names_package(wanted: &str) -> bool {
    wanted.trim_end_matches('/').split('/').any(|part| part.ends_with("deployment"))
}

const YES: usize = 0;
const NO: usize = 1;
const SHOW: usize = 2;
const ALL: usize = 3;

fn ask(plan: &Plan, accepted: &mut [bool], person: &Prompter, ui: &mut Ui) -> Result<(), Failure> {
    for item in plan.items.iter().filter(|item| !item.writes()) {
        ui.say(format_args!("{} {}", item.action.mark(), item.path));
        ui.say(ui.err().dim(format_args!("    {}", item.why)));
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, item) in plan.items.iter().enumerate().filter(|(at, item)| item.writes() && accepted[*at]) {
        match groups.first_mut() {
            Some(group) if item.of_package => group.push(at),
            _ => groups.push(vec![at]),
        }
    }
    let total = groups.len();
    for (number, group) in groups.iter().enumerate() {
        let items: Vec<&Item> = group.iter().map(|at| &plan.items[*at]).collect();
        introduce(&items, number + 1, total, ui);
        let prompt = if items[0].action == Action::Change { "Change it?" } else { "Add it?" };
        let mut answer = SHOW;
        let mut shown = false;
        while answer == SHOW {
            if shown {
                items.iter().for_each(|item| show(item, ui));
            }
            shown = true;
            let choices = ["Yes", "No", "Show it", "Yes to this and all that follow", "Stop, write nothing"];
            answer = person.select(prompt, &choices, YES)?;
        }
        match answer {
            YES => {}
            NO => {
                group.iter().for_each(|at| accepted[*at] = false);
                if items[0].of_package {
                    // The rest is planned anew.
                    return Ok(());
                }
            }
            ALL => return Ok(()),
            _ => return Err(Error::Declined.into()),
        }
    }
    Ok(())
}

fn introduce(items: &[&Item], number: usize, total: usize, ui: &mut Ui) {
    let first = items[0];
    ui.say("");
    if first.of_package {
        let folder = first.path.to_string();
        let folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        ui.say(format_args!("{number}/{total} {} {}", first.action.mark(), ui.err().bold(format_args!("{folder}/"))));
        ui.say(format_args!("    {}, to answer health checks and the like:", count(items.len(), "file")));
        for item in items.iter().filter(|item| item.after.as_ref().is_some_and(|planned| !planned.content.is_empty())) {
            ui.say(format_args!(
                "    {}: {}",
                item.path.to_string().trim_start_matches(&format!("{folder}/")),
                item.why
            ));
        }
        return;
    }
    ui.say(format_args!("{number}/{total} {} {}", first.action.mark(), ui.err().bold(&first.path)));
    ui.say(format_args!("    {}", first.why));
    if first.action == Action::Change {
        show(first, ui);
    }
}

/// A new file as it is, a change as a diff.
fn show(item: &Item, ui: &mut Ui) {
    let Some(planned) = &item.after else { return };
    match (item.action, item.diff()) {
        (Action::Change, Some(diff)) => {
            for line in diff.lines().skip(2) {
                let line = match line.as_bytes().first() {
                    Some(b'+') => ui.err().green(line),
                    Some(b'-') => ui.err().red(line),
                    Some(b'@') => ui.err().cyan(line),
                    _ => line.to_owned(),
                };
                ui.quote(format_args!("    {line}"));
            }
        }
        _ if planned.content.is_empty() => ui.say(format_args!("--- {} (empty)", item.path)),
        _ => ui.quote(format_args!("--- {}\n{}", item.path, String::from_utf8_lossy(&planned.content))),
    }
}
