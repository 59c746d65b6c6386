//! Outcome: whether a script fails where one of its programs does. The last one decides, unless something stops before.

use super::{Place, Script};
use crate::beanstalk::config_file::CommandLine;
use crate::check::words::Run;

/// What makes the outcome a matter that only a shell can tell.
const UNTOLD: [&str; 6] = ["<<", "$?", "trap ", "() {", "(){", "function "];

impl Script<'_> {
    /// Does the script fail where this run does? `None`: not known.
    pub(in crate::check) fn fails_with(&self, run: &Run) -> Option<bool> {
        if (run.forgiven && !run.background) || UNTOLD.iter().any(|word| self.text.contains(word)) {
            return None;
        }
        if run.background {
            return Some(false);
        }
        if self.stops_at(run) {
            return Some(true);
        }
        let rest = self.text.get(run.span().end.checked_sub(self.start)?..)?;
        let rest = rest.trim_end().trim_end_matches(['"', '\'']).replace("\\\n", " ");
        // YAML may make one line of several.
        let folds = match self.place {
            Place::Command(command) | Place::ContainerCommand(command) if !self.called => match &command.line {
                CommandLine::Shell(line) => !line.trim().contains('\n'),
                CommandLine::Program(_) => return None,
            },
            _ => false,
        };
        let rest = if folds { rest.replace('\n', " ") } else { rest };
        if rest.contains("\\n") {
            return None;
        }
        let mut statements = Statements(&rest);
        let own = statements.next().unwrap_or(Statement(""));
        match own.after_own()? {
            End::Lost => return Some(self.text.contains("pipefail")),
            End::Kept => {}
        }
        last_of(statements)
    }
}

/// What is left of the statement of a run: arguments, and what hangs on it.
struct Statement<'t>(&'t str);

enum End {
    /// What follows in the statement fails with it.
    Kept,
    /// Its output goes to a program that decides instead, or it is left behind.
    Lost,
}

impl Statement<'_> {
    fn after_own(&self) -> Option<End> {
        let plain = self.0.replace(">&", "  ").replace("&>", "  ");
        // Whoever says `||` has thought of it.
        if plain.contains("||") || plain.contains([')', '`']) {
            return None;
        }
        let single = plain.replace("&&", "");
        Some(if single.contains(['|', '&']) { End::Lost } else { End::Kept })
    }
}

/// The statements of a text, by line and `;`.
struct Statements<'t>(&'t str);

impl<'t> Iterator for Statements<'t> {
    type Item = Statement<'t>;

    fn next(&mut self) -> Option<Statement<'t>> {
        if self.0.is_empty() {
            return None;
        }
        let mut quote = None;
        let end = self.0.char_indices().find(|(_, char)| {
            match quote {
                Some(open) if open == *char => quote = None,
                None if matches!(char, '"' | '\'') => quote = Some(*char),
                _ => {}
            }
            quote.is_none() && matches!(char, '\n' | ';')
        });
        let end = end.map_or(self.0.len(), |(at, _)| at);
        let statement = &self.0[..end];
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        Some(Statement(statement.trim()))
    }
}

/// Is there nothing behind that runs as well? What another branch has does not.
fn last_of(statements: Statements<'_>) -> Option<bool> {
    let (mut other_branch, mut depth) = (false, 0_usize);
    for Statement(text) in statements {
        let text = text.strip_prefix("then ").or_else(|| text.strip_prefix("do ")).unwrap_or(text).trim_start();
        let word = text.split_whitespace().next().unwrap_or_default();
        match word {
            "" => {}
            _ if word.starts_with('#') => {}
            "if" | "for" | "while" | "until" | "case" if other_branch => depth += 1,
            "fi" | "done" | "esac" if depth > 0 => depth -= 1,
            "else" | "elif" if depth == 0 => other_branch = true,
            "fi" | "done" | "esac" | "}" | ")" => {
                other_branch = false;
                if text.contains(['|', '&']) {
                    return None;
                }
            }
            _ if other_branch => {}
            _ => return Some(false),
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use crate::beanstalk::customizations::Customizations;
    use crate::beanstalk::tree::Tree;
    use crate::check::script::scripts;

    #[track_caller]
    fn case(text: &str, expected: Option<bool>) {
        let tree = Tree::default().file(".platform/hooks/predeploy/1.sh", format!("#!/bin/bash\n{text}\n"));
        let customizations = Customizations::read(&tree);
        let scripts = scripts(&tree, &customizations);
        let (run, _) = scripts[0].django(&["migrate"]).expect("it migrates");
        assert_eq!(scripts[0].fails_with(run), expected, "{text}");
    }

    #[test]
    fn of_a_hook() {
        for fails in [
            "python manage.py migrate",
            "python manage.py migrate >> /tmp/log 2>&1",
            "set -e\npython manage.py migrate\necho done",
            "source x && python manage.py migrate && echo done",
            "if [ -n \"$X\" ]; then\n  python manage.py migrate\nelse\n  echo no\nfi",
            "source x && {\n  if true; then\n    python manage.py migrate --noinput;\n  fi\n}",
            "if true; then python manage.py migrate; elif x; then if y; then z; fi; echo a; fi\n# the end",
            "set -o pipefail\npython manage.py migrate | tee log",
        ] {
            case(fails, Some(true));
        }
        for goes_on in [
            "python manage.py migrate\necho done",
            "python manage.py migrate; python manage.py collectstatic --noinput",
            "if true; then\n  python manage.py migrate\n  echo done\nfi",
            "if true; then\n  python manage.py migrate\nfi\necho done",
            "python manage.py migrate | tee log",
            "python manage.py migrate &",
            "set -e\npython manage.py migrate &\necho done",
            "source x && python manage.py migrate && echo a\necho b",
            "set -e\nset +e\npython manage.py migrate\necho \"a; b\"",
        ] {
            case(goes_on, Some(false));
        }
        for untold in [
            "python manage.py migrate || exit 1\necho done",
            "python manage.py migrate\nif [ $? -ne 0 ]; then exit 1; fi",
            "trap 'exit 1' ERR\npython manage.py migrate\necho done",
            "run() {\n  python manage.py migrate\n}\nrun",
            "{ python manage.py migrate; } || exit 1",
            "{\n python manage.py migrate\n} || exit 1",
        ] {
            case(untold, None);
        }
    }
}
