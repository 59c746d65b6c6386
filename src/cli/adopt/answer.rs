//! What `adopt` did, or would do.

use std::fmt;

use serde::Serialize;

use crate::adopt::{Action, Detected, Item, Note};
use crate::stack::TargetPath;
use crate::ui::{self, Ui, count};

#[derive(Debug, Serialize)]
pub(super) struct Adopted {
    pub(super) dry_run: bool,
    pub(super) found: Detected,
    pub(super) answers: toml::Table,
    /// Files that differ from the last commit; none outside of git.
    pub(super) uncommitted: Option<usize>,
    pub(super) files: Vec<File>,
    /// What is left for people to do.
    pub(super) left: Vec<Note>,
    #[serde(skip)]
    pub(super) diffs: bool,
    /// Were the reasons told while each file was shown?
    #[serde(skip)]
    pub(super) told: bool,
    #[serde(skip)]
    pub(super) columns: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct File {
    path: TargetPath,
    action: Action,
    accepted: bool,
    executable: bool,
    why: String,
    diff: Option<String>,
}

impl File {
    pub(super) fn of(item: &Item, accepted: bool) -> Self {
        Self {
            path: item.path.clone(),
            action: item.action,
            accepted,
            executable: item.after.as_ref().is_some_and(|planned| planned.executable),
            why: item.why.clone(),
            diff: item.diff(),
        }
    }
}

impl ui::Answer for Adopted {
    const SCHEMA: &str = "adopt/1";

    fn is_account(&self) -> bool {
        !self.dry_run
    }

    fn quotes(&self) -> Vec<&str> {
        self.files.iter().filter_map(|file| file.diff.as_deref()).collect()
    }
}

impl Adopted {
    /// How many files this action was accepted for.
    fn count(&self, action: Action) -> usize {
        self.files.iter().filter(|file| file.accepted && file.action == action).count()
    }

    /// Say how it went, and what comes next.
    pub(super) fn conclude(&self, ui: &mut Ui) {
        let (added, changed) = (self.count(Action::Add), self.count(Action::Change));
        let nothing = added + changed == 0;
        match (self.dry_run, nothing) {
            (_, true) => ui.say("Everything is there already."),
            (true, false) => ui.say(format_args!(
                "Would add {} and change {added_changed}.",
                count(added, "file"),
                added_changed = changed
            )),
            (false, false) => {
                ui.say(format_args!("Added {}, changed {changed}.", count(added, "file")));
                let look = if self.uncommitted.is_some() { "look at `git status`, then " } else { "" };
                ui.say(format_args!("Next: {look}`beansprout package`. `beansprout up` runs the site here."));
            }
        }
    }
}

impl fmt::Display for Adopted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = self.files.iter().map(|file| file.path.to_string().len()).max().unwrap_or_default();
        // Side by side if that fits, else one below the other.
        let wide = longest + 62 <= self.columns;
        for file in &self.files {
            let mark = if file.action == Action::Same || file.action == Action::Keep || file.accepted {
                file.action.mark()
            } else {
                "-"
            };
            let why = match (file.action, file.accepted) {
                (Action::Same, _) => "as it would be",
                (Action::Add | Action::Change, false) => "left out, as you chose",
                _ => &file.why,
            };
            let path = file.path.to_string();
            let known = self.told && file.accepted;
            match (known, wide) {
                (true, _) => writeln!(f, "{mark} {path}")?,
                (false, true) => writeln!(f, "{mark} {path:longest$}  {why}")?,
                (false, false) => writeln!(f, "{mark} {path}\n    {why}")?,
            }
            if let Some(diff) = file.diff.as_ref().filter(|_| self.diffs && file.accepted) {
                write!(f, "{diff}")?;
            }
        }
        if !self.left.is_empty() {
            writeln!(f, "\nLeft for you:")?;
        }
        for note in &self.left {
            let rule = note.rule.map(|rule| format!("{rule} ")).unwrap_or_default();
            let place = match (&note.path, note.line) {
                (Some(path), Some(line)) => format!("{path}:{line}: "),
                (Some(path), None) => format!("{path}: "),
                _ => String::new(),
            };
            writeln!(f, "- {rule}{place}{}", note.message)?;
            if let Some(fix) = &note.fix {
                writeln!(f, "    {fix}")?;
            }
        }
        Ok(())
    }
}
