//! Passwords that a command is given as they are.

use std::ops::Range;

use crate::check::script::Script;
use crate::check::subject::Subject;
use crate::check::words::{Run, Word};

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    let Some((span, program)) = script.runs().iter().find_map(given) else { return };
    let message = format!(
        "everybody who can read the code has the password that {} gives to `{program}`: it is in it",
        script.title()
    );
    let fix = "make a new one, and read it from a secret of the environment";
    subject.find("EB112", script.path, span, message, fix);
}

/// Where a run is given one, and what it is given to.
fn given(run: &Run) -> Option<(Range<usize>, String)> {
    const MYSQL: [&str; 5] = ["mariadb", "mysql", "mysqladmin", "mysqldump", "mysqlimport"];
    let name = run.name().to_owned();
    if let Some((command, arguments)) = run.django() {
        return Some((after(arguments)?, command.text.clone()));
    }
    if MYSQL.contains(&run.name()) {
        let short = |word: &&Word| word.text.strip_prefix("-p").is_some_and(is_written);
        let word = run.arguments.iter().find(short).map(|word| word.span.clone());
        return Some((word.or_else(|| joined(&run.arguments))?, name));
    }
    // The variables by which the programs of two databases take it.
    let variable = |(name, value): (&str, Option<&str>)| {
        matches!(name, "PGPASSWORD" | "MYSQL_PWD") && value.is_some_and(is_written)
    };
    run.lead.given().any(variable).then(|| (run.program.span.clone(), name))
}

/// `--password VALUE` or `--password=VALUE`.
fn after(arguments: &[Word]) -> Option<Range<usize>> {
    let pair = arguments.windows(2).find(|pair| is_option(&pair[0].text) && is_written(&pair[1].text));
    pair.map(|pair| pair[1].span.clone()).or_else(|| joined(arguments))
}

fn joined(arguments: &[Word]) -> Option<Range<usize>> {
    let is = |word: &&Word| word.text.split_once('=').is_some_and(|(name, value)| is_option(name) && is_written(value));
    arguments.iter().find(is).map(|word| word.span.clone())
}

fn is_option(word: &str) -> bool {
    word.strip_prefix("--").is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        name == "pass" || name.ends_with("password") && !name.starts_with("no")
    })
}

/// Is it a text of its own, and not what a variable, a program or somebody else has to put there?
fn is_written(value: &str) -> bool {
    !value.is_empty() && !value.starts_with('-') && !value.contains(['$', '`', '<', '{', '%'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::words::runs;

    #[test]
    fn what_is_given_and_what_is_asked_for() {
        let is =
            |text: &str, found: bool| assert_eq!(runs(text).iter().any(|run| given(run).is_some()), found, "{text}");
        is("python manage.py create_admin --username admin --password admin", true);
        is("python manage.py create_admin --admin-password=s3cret", true);
        is("mysql -u shop -ps3cret -h db.example.net shop", true);
        is("mysqldump --password=s3cret shop", true);
        is("PGPASSWORD=s3cret psql -h db.example.net shop", true);
        is("python manage.py create_admin --password \"$ADMIN_PASSWORD\"", false);
        is("python manage.py create_admin --password=$(get-secret)", false);
        is("python manage.py createsuperuser --noinput", false);
        is("mysql -u shop -p -h db.example.net", false);
        is("mysql -p\"$PASSWORD\" shop", false);
        is("psql -p 5432 shop", false);
        is("PGPASSWORD=$RDS_PASSWORD psql shop", false);
        is("mkdir -password x", false);
    }
}
