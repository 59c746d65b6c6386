//! Files that were there before: what of ours they make needless, and the few lines that change in them.

use std::collections::BTreeSet;
use std::ops::Range;

use regex::Regex;

use crate::beanstalk::config_file::{ConfigFile, DEFAULT_NAMESPACE};
use crate::beanstalk::customizations::{Customizations, EXTENSIONS};
use crate::beanstalk::lines::indent;
use crate::beanstalk::procfile;
use crate::beanstalk::tree::Tree;

use super::Detected;

/// What is left of one of our files beside those of the project.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remainder {
    Whole,
    /// Without what these files do.
    Less {
        text: String,
        because: String,
    },
    /// These files do all of it.
    Nothing {
        because: String,
    },
}

/// Take out of a `.config` file of ours what the project's own files say already: of two, the later one would win.
pub(super) fn rest(path: &str, ours: &str, theirs: &Customizations, tree: &Tree) -> Remainder {
    let config = ConfigFile::parse(path, ours.as_bytes());
    let mut cuts: Vec<Range<usize>> = Vec::new();
    let mut because: BTreeSet<&str> = BTreeSet::new();
    let mut listed = false;
    for option in &config.option_settings {
        let resource = option.resource_name.as_ref().map(|name| &name.value);
        let same = |file: &&ConfigFile| {
            file.path != path
                && file.option_settings.iter().any(|other| {
                    same_option(
                        (&other.namespace.value, &other.name.value),
                        (&option.namespace.value, &option.name.value),
                    ) && other.resource_name.as_ref().map(|name| &name.value) == resource
                })
        };
        if let Some(file) = theirs.used().find(same) {
            because.insert(&file.path);
            listed |= resource.is_some();
            cuts.push(option.name.span.start..option.value.span.end);
        }
    }
    for command in &config.container_commands {
        let words = ["collectstatic", "migrate"];
        let Some(word) = words.into_iter().find(|word| ours[command.span.clone()].contains(word)) else { continue };
        if let Some(other) = runs(tree, EXTENSIONS, word, path).or_else(|| runs(tree, ".platform/hooks", word, path)) {
            because.insert(other);
            // What it ends with may be the comment of the next one.
            let entry = &ours[command.span.clone()];
            let code = entry
                .trim_end()
                .lines()
                .rev()
                .skip_while(|line| line.trim_start().starts_with('#') || line.trim().is_empty());
            let length = code.map(|line| line.len() + 1).sum::<usize>().min(entry.len());
            cuts.push(command.span.start..command.span.start + length - 1);
        }
    }
    let because = because.into_iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    if cuts.is_empty() {
        return Remainder::Whole;
    }
    match cut(ours, &cuts).filter(|_| !listed) {
        Some(text) => Remainder::Less { text, because },
        None => Remainder::Nothing { because },
    }
}

/// Why one of our files is not needed beside what the project has, as a whole.
pub(super) fn needless(path: &str, detected: &Detected, ours: &[String]) -> Option<String> {
    let theirs = &detected.customizations;
    let of_owner = |file: &&ConfigFile| !ours.contains(&file.path);
    match path {
        // Instances and balancer of a running site are nobody's to pour defaults over.
        ".ebextensions/20-instances.config" | ".ebextensions/30-scaling.config" => {
            let owner = theirs.used().find(of_owner)?;
            Some(format!("not added: `{}` and the environment decide what runs and on what", owner.path))
        }
        path if path.starts_with(".platform/nginx/") => {
            let proxy = theirs.option("aws:elasticbeanstalk:environment:proxy", "ProxyServer")?;
            (!proxy.eq_ignore_ascii_case("nginx")).then(|| format!("not added: the proxy is `{proxy}`"))
        }
        "gunicorn.conf.py" => {
            let web = detected.web.as_deref()?;
            let reads = web.contains("gunicorn.conf.py");
            (!reads).then(|| "not added: the project's own `Procfile` says how its server runs".to_owned())
        }
        _ => None,
    }
}

/// Names for one thing in two namespaces: what health checks ask for.
const HEALTH: [(&str, &str); 2] = [
    ("aws:elasticbeanstalk:application", "Application Healthcheck URL"),
    ("aws:elasticbeanstalk:environment:process:default", "HealthCheckPath"),
];

/// Do two options decide the same?
fn same_option(one: (&str, &str), other: (&str, &str)) -> bool {
    one == other || (HEALTH.contains(&one) && HEALTH.contains(&other))
}

/// Another file below `folder` with a script that has this word.
pub(super) fn runs<'a>(tree: &'a Tree, folder: &str, word: &str, but: &str) -> Option<&'a str> {
    let code = |text: &str| text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(word));
    let found =
        tree.under(folder).map(|(path, _)| path).find(|path| *path != but && tree.text(path).is_some_and(code))?;
    Some(found)
}

/// The text without the lines of these ranges, the comments above them, and keys that hold nothing any more.
fn cut(text: &str, ranges: &[Range<usize>]) -> Option<String> {
    let mut start = 0;
    let lines: Vec<(&str, bool)> = text
        .split_inclusive('\n')
        .map(|line| {
            let span = start..start + line.trim_end().len();
            start += line.len();
            let gone = ranges.iter().any(|range| range.start < span.end && span.start < range.end);
            (line, gone)
        })
        .collect();
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    let mut kept: Vec<&str> = Vec::new();
    for (line, gone) in lines {
        if !gone {
            kept.push(line);
            continue;
        }
        while kept.last().is_some_and(|last| is_comment(last)) {
            kept.pop();
        }
    }
    loop {
        let empty = kept.iter().enumerate().position(|(at, line)| {
            let next = kept[at + 1..].iter().find(|next| !next.trim().is_empty() && !is_comment(next));
            line.trim_end().ends_with(':') && !is_comment(line) && next.is_none_or(|next| indent(next) <= indent(line))
        });
        match empty {
            Some(at) => drop(kept.remove(at)),
            None => break,
        }
    }
    kept.iter().any(|line| !line.trim().is_empty() && !is_comment(line)).then(|| kept.concat())
}

/// A `Procfile` as Elastic Beanstalk wants it, and why; nothing where it is so already.
pub(super) fn procfile(before: &str, web: &str) -> Option<(String, String)> {
    let parsed = procfile::parse(before);
    let mut text = before.to_owned();
    let mut why = Vec::new();
    let port = Regex::new(r"\$\{PORT\}|\$PORT\b").expect("the pattern is well formed");
    for process in parsed.processes.iter().rev() {
        if process.name == "release" {
            let end = text[process.span.end..].find('\n').map_or(text.len(), |at| process.span.end + at + 1);
            text.replace_range(process.span.start..end, "");
            why.push("`release` would be started again whenever it ends; `.ebextensions` runs what it did");
        } else if process.name == "web" {
            let command = port.replace_all(&process.command, "$${PORT:-8000}");
            if command != process.command {
                text.replace_range(process.command_span.clone(), &command);
                why.push("`PORT` is not set unless somebody sets it, and nginx asks 8000");
            }
        }
    }
    if parsed.web().is_none() {
        text = format!("{}\n{text}", web.trim_end());
        why.push("it has no process named `web`");
    }
    why.reverse();
    (text != before).then(|| (text, why.join("; ")))
}

/// `.gitignore` with the lines that it lacks.
pub(super) fn gitignore(before: Option<&str>, wanted: &[&str]) -> Option<String> {
    let bare = |line: &str| line.trim().trim_matches('/').to_owned();
    let has: BTreeSet<String> = before.unwrap_or_default().lines().map(bare).collect();
    let missing: Vec<&&str> = wanted.iter().filter(|line| !has.contains(&bare(line))).collect();
    if missing.is_empty() {
        return None;
    }
    let lines: String = missing.iter().map(|line| format!("{line}\n")).collect();
    Some(match before {
        None => lines,
        Some(before) => {
            let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
            format!("{before}{gap}# beansprout\n{lines}")
        }
    })
}

/// Where the project's own files name another settings module: the file, its new text.
pub(super) fn settings_option(theirs: &Customizations, module: &str) -> Option<(String, String)> {
    let files = theirs.used().flat_map(|file| file.option_settings.iter().map(move |option| (file, option)));
    let (file, option) = files
        .filter(|(_, option)| {
            option.namespace.value == DEFAULT_NAMESPACE && option.name.value == "DJANGO_SETTINGS_MODULE"
        })
        .last()?;
    if option.value.value == module {
        return None;
    }
    let mut text = file.text.clone();
    text.replace_range(option.value.span.clone(), module);
    Some((file.path.clone(), text))
}

/// A module that sets `DJANGO_SETTINGS_MODULE` whatever the environment says, so that it listens.
pub(super) fn listening(before: &str) -> Option<String> {
    let pattern = r#"(?m)^(\s*)os\.environ\[\s*["']DJANGO_SETTINGS_MODULE["']\s*\]\s*=\s*(["'][\w.]+["'])"#;
    let hard = Regex::new(pattern).expect("the pattern above is well formed");
    let after = hard.replace_all(before, "${1}os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", $2)");
    (after != before).then(|| after.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "option_settings:\n  a:one:\n    # why x\n    X: \"1\"\n    # why y,\n    # in two lines\n    Y: \"2\"\n  a:two:\n    # why z\n    Z: \"3\"\n";

    #[track_caller]
    fn left(ours: &str, path: &str, theirs: &str) -> Remainder {
        let tree = Tree::default().file(path, theirs);
        rest(".ebextensions/20-a.config", ours, &Customizations::read(&tree), &tree)
    }

    #[test]
    fn options_that_are_set_are_left_out_with_their_comments() {
        let other = ".ebextensions/mine.config";
        assert_eq!(left(OURS, other, "option_settings:\n  b: {X: 1}\n"), Remainder::Whole);
        let because = format!("`{other}`");
        let text =
            "option_settings:\n  a:one:\n    # why x\n    X: \"1\"\n  a:two:\n    # why z\n    Z: \"3\"\n".to_owned();
        assert_eq!(
            left(OURS, other, "option_settings:\n  a:one: {Y: 5}\n"),
            Remainder::Less { text, because: because.clone() }
        );
        let text = OURS[..OURS.find("  a:two").unwrap()].to_owned();
        assert_eq!(
            left(OURS, other, "option_settings:\n  - {namespace: a:two, option_name: Z, value: 1}\n"),
            Remainder::Less { text, because: because.clone() }
        );
        assert_eq!(
            left(OURS, other, "option_settings:\n  a:one: {X: 1, Y: 1}\n  a:two: {Z: 1}\n"),
            Remainder::Nothing { because }
        );
    }

    #[test]
    fn commands_that_run_are_left_out() {
        let ours = "container_commands:\n  # one\n  10_migrate:\n    command: python manage.py migrate_once\n    leader_only: true\n  # all\n  20_static:\n    command: python manage.py collectstatic\n";
        let theirs = "container_commands:\n  01_migrate:\n    command: django-admin migrate\n    leader_only: true\n";
        let text =
            "container_commands:\n  # all\n  20_static:\n    command: python manage.py collectstatic\n".to_owned();
        assert_eq!(
            left(ours, ".ebextensions/db.config", theirs),
            Remainder::Less { text, because: "`.ebextensions/db.config`".to_owned() }
        );
        let hook = "#!/bin/bash\n# migrate\npython manage.py collectstatic\n";
        let Remainder::Less { text, .. } = left(ours, ".platform/hooks/predeploy/a.sh", hook) else { panic!() };
        assert!(text.contains("migrate_once") && !text.contains("collectstatic"), "{text}");
    }

    #[test]
    fn a_procfile_from_elsewhere() {
        #[track_caller]
        fn case(before: &str, after: Option<&str>) {
            assert_eq!(procfile(before, "web: ours\n").map(|(text, _)| text).as_deref(), after);
        }
        case("web: gunicorn shop.wsgi\nworker: celery -A shop worker\n", None);
        case("release: python manage.py migrate\nweb: gunicorn shop.wsgi\n", Some("web: gunicorn shop.wsgi\n"));
        case("web: gunicorn -b 0.0.0.0:$PORT shop.wsgi", Some("web: gunicorn -b 0.0.0.0:${PORT:-8000} shop.wsgi"));
        case(
            "web: daphne -p ${PORT} shop.asgi:application\nrelease: x",
            Some("web: daphne -p ${PORT:-8000} shop.asgi:application\n"),
        );
        case("worker: celery\n", Some("web: ours\nworker: celery\n"));
        case("web: x --port $PORTAL\n", None);
    }

    #[test]
    fn lines_that_are_missing() {
        assert_eq!(gitignore(None, &[".beansprout/"]).as_deref(), Some(".beansprout/\n"));
        assert_eq!(
            gitignore(Some("*.pyc"), &[".beansprout/", "x/"]).as_deref(),
            Some("*.pyc\n# beansprout\n.beansprout/\nx/\n")
        );
        assert_eq!(gitignore(Some("/.beansprout\n"), &[".beansprout/"]), None);
    }

    #[test]
    fn names_of_settings_change_in_their_place() {
        let tree = Tree::default().file(".ebextensions/django.config", "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    DJANGO_SETTINGS_MODULE: shop.settings # ours\n");
        let (path, text) = settings_option(&Customizations::read(&tree), "deployment.settings").unwrap();
        assert_eq!(path, ".ebextensions/django.config");
        assert!(text.contains("DJANGO_SETTINGS_MODULE: deployment.settings # ours\n"), "{text}");
        assert_eq!(settings_option(&Customizations::read(&tree), "shop.settings"), None);
        let hard = "os.environ['DJANGO_SETTINGS_MODULE'] = \"shop.settings\"\n";
        assert_eq!(
            listening(hard).as_deref(),
            Some("os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"shop.settings\")\n")
        );
        assert_eq!(listening(&format!("# {hard}")), None);
        assert_eq!(listening("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x')"), None);
    }
}
