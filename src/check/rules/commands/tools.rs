//! Programs and packages that are not on Amazon Linux 2023, or not where they are looked for.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use crate::beanstalk::version::Version;
use crate::check::folder::{in_bundle, in_bundle_once};
use crate::check::rules::processes::by_procfile;
use crate::check::script::{Place, Script, contents, fate, find_all, sends_token};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word};
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    packages(subject, script);
    for run in script.host_runs() {
        supervisor(subject, script, run);
    }
    // Once: what is before the first is before all.
    let _ = script.host_runs().any(|run| pip(subject, script, run));
    metadata(subject, script);
}

/// What becomes of the deployment if this run fails, in a word, and the level that this has.
pub(super) fn fails(script: &Script<'_>, run: &Run) -> (&'static str, Level) {
    // A script that does not stop at failures goes on, and its last program decides.
    let goes_on = (script.called || matches!(script.place, Place::Hook(_)))
        && !script.stops_at(run)
        && script.runs().last().is_some_and(|last| last.program.span != run.program.span);
    match script.forgives(run) {
        false if goes_on => ("goes on without it", Level::Warning),
        forgiven => fate(forgiven),
    }
}

/// A package that is not there.
struct Missing {
    span: Range<usize>,
    message: String,
    fix: &'static str,
    level: Level,
}

/// Once for each line: what stands before `||` and behind it is tried for one and the same.
fn packages(subject: &mut Subject<'_>, script: &Script<'_>) {
    if subject.customizations.family == crate::beanstalk::platforms::Family::Other {
        return;
    }
    let mut found: BTreeMap<usize, Missing> = BTreeMap::new();
    for run in script.host_runs() {
        let found_elsewhere = |missing: &Missing| missing.fix == NO_GIS && subject.names_file("spal");
        let Some(missing) = missing(script, run).filter(|missing| !found_elsewhere(missing)) else { continue };
        let line = script.text.get(..run.program.span.start.saturating_sub(script.start)).unwrap_or_default();
        match found.entry(line.matches('\n').count()) {
            Entry::Occupied(mut before) if missing.level == Level::Error && before.get().level != Level::Error => {
                before.insert(missing);
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => {
                place.insert(missing);
            }
        }
    }
    for Missing { span, message, fix, level } in found.into_values() {
        subject.find("EB042", script.path, span, message, fix).level = level;
    }
}

fn missing(script: &Script<'_>, run: &Run) -> Option<Missing> {
    let (how, level) = fails(script, run);
    if run.name() == "certbot-auto" {
        let message = format!(
            "{} {how}: `certbot-auto` is not maintained since 2021, and refuses to install anything here",
            script.title()
        );
        let fix =
            "`python3 -m venv /opt/certbot && /opt/certbot/bin/pip install certbot`, or let TLS end at a load balancer";
        return Some(Missing { span: run.program.span.clone(), message, fix, level });
    }
    let extras = run.name() == "amazon-linux-extras";
    let installs = matches!(run.name(), "yum" | "dnf") && run.plain().any(|word| word.text.ends_with("install"));
    let epel = run.arguments.iter().find(|word| word.text.contains("epel"));
    if extras || (epel.is_some() && matches!(run.name(), "yum" | "dnf" | "rpm" | "yum-config-manager")) {
        let message = format!("{} {how}: Amazon Linux 2023 has neither extras nor EPEL", script.title());
        let fix = "take it out; what Amazon Linux 2023 has itself, such as `nginx`, `docker` or `redis6`, `dnf` installs without it";
        return Some(Missing { span: run.span(), message, fix, level });
    }
    let asked = || run.plain().skip(1).filter(|_| installs);
    let group = run.plain().any(|word| word.text.starts_with("group"));
    let several = |text: &str| if group { None } else { several(text) };
    if let Some((word, (why, fix))) = asked().find_map(|word| Some((word, several(&word.text)?))) {
        let message = format!("{} {how}: {why}", script.title());
        return Some(Missing { span: word.span.clone(), message, fix, level });
    }
    let (word, fix) = asked().find_map(|word| Some((word, not_there(&word.text)?)))?;
    let message = format!("{} {how}: Amazon Linux 2023 has no package `{}`", script.title(), word.text);
    Some(Missing { span: word.span.clone(), message, fix, level })
}

/// Why nothing has this name, where `packages` has it: it looks for names, and `dnf` alone knows groups.
pub(in crate::check::rules) fn no_name(text: &str) -> Option<(String, &'static str)> {
    if text.starts_with('@') {
        let fix =
            "name the packages that are needed, such as `gcc` and `make`, or `dnf install -y` the group in `commands`";
        return Some((format!("`{text}` is a group, and only packages are installed here"), fix));
    }
    several(text)
}

/// Several names in the quotes of one.
fn several(text: &str) -> Option<(String, &'static str)> {
    let blank = text.contains(char::is_whitespace) && !text.contains(['$', '`', '(', '<', '>', '=', '@']);
    blank.then(|| {
        (format!("`{text}` is taken for the name of one package"), "give each package quotes of its own, or none")
    })
}

/// What to do where GEOS, PROJ or GDAL is wanted. Whoever adds the supplementary packages, `spal-release`, may have them.
pub(in crate::check::rules) const NO_GIS: &str =
    "take the Docker platform: Amazon Linux 2023 has none of GEOS, PROJ and GDAL in its repositories";

/// What to do instead of installing a package that Amazon Linux 2023 does not have by any name that `dnf` would know it by.
///
/// `postgresql-devel` is none of these: `dnf` finds what provides it (amazon-linux-2023 issue 529).
pub(in crate::check::rules) fn not_there(name: &str) -> Option<&'static str> {
    // `python36*` finds no more than `python36`.
    let name = name.strip_suffix('*').map_or(name, |head| head.trim_end_matches('-'));
    let digits = |prefix: &str, suffix: &str| {
        name.strip_prefix(prefix)
            .and_then(|rest| rest.strip_suffix(suffix))
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|char| char.is_ascii_digit()))
    };
    let python = ["26", "27", "33", "34", "35", "36", "37", "38"].iter().any(|version| {
        name.strip_prefix("python")
            .and_then(|rest| rest.strip_prefix(version))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    if python || name.starts_with("python2-") || name == "python2" {
        return Some(
            "take it out: the platform brings its own Python, and packages of Python go into `requirements.txt`",
        );
    }
    if digits("postgresql", "-devel")
        && !matches!(name, "postgresql15-devel" | "postgresql16-devel" | "postgresql17-devel" | "postgresql18-devel")
    {
        return Some("it is `libpq-devel` now");
    }
    let old = |rest: &str| {
        rest.split('-').next().is_some_and(|version| {
            ["8", "84", "9", "90", "91", "92", "93", "94", "95", "96", "10", "11", "12", "13", "14"].contains(&version)
        })
    };
    if name.strip_prefix("postgresql").is_some_and(old) {
        return Some("it is `postgresql15` and newer now");
    }
    if name.starts_with("java-") && name.contains("openjdk") {
        return Some("Java of Amazon Linux 2023 is Corretto, such as `java-17-amazon-corretto`");
    }
    if digits("mysql", "-devel") {
        return Some("it is `mariadb105-devel` now");
    }
    if ["gcc48", "gcc64", "gcc72"]
        .iter()
        .any(|old| name.strip_prefix(old).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
    {
        return Some("it is `gcc` or `gcc-c++` now");
    }
    match name {
        "mod24_ssl" => Some(
            "take it out: the proxy is nginx; where TLS does not end at the load balancer, a `server` block with the certificate goes into `.platform/nginx/conf.d/https.conf`",
        ),
        "mod24_wsgi" | "httpd24" | "httpd24-devel" | "mod24_auth_kerb" => {
            Some("take it out: the proxy is nginx, and gunicorn loads the application")
        }
        "awslogs" => Some("the agent is `amazon-cloudwatch-agent` now; `beansprout add log-streaming` needs none"),
        "epel-release" | "amazon-linux-extras" => Some("take it out: Amazon Linux 2023 has neither extras nor EPEL"),
        "geos" | "geos-devel" | "proj" | "proj-devel" | "gdal" | "gdal-devel" | "gdal-libs" => Some(NO_GIS),
        "s3cmd" => Some("`aws s3` is on every instance"),
        "ntp" => Some("the clock is kept by `chrony`, which is there"),
        "supervisor" => Some("a second line in `Procfile` is a process that is kept running"),
        "python-devel" | "python-pip" | "python-setuptools" => Some("it is `python3-devel` or `python3-pip` now"),
        _ => None,
    }
}

/// Is it a program of supervisord's, which nothing brings?
pub(super) fn lacks_supervisor(subject: &Subject<'_>, script: &Script<'_>, run: &Run) -> bool {
    if !matches!(run.name(), "supervisorctl" | "supervisord") || matches!(script.place, Place::Process(_)) {
        return false;
    }
    let brings = subject
        .scripts()
        .iter()
        .flat_map(|script| script.host_runs())
        .any(|run| run.pip().is_some_and(|word| word.text == "install") && run.has("supervisor"));
    // The system's own pip puts it on the path.
    let mut packages = subject.customizations.used().flat_map(|file| &file.packages);
    !brings && !packages.any(|package| package.manager.value == "python" && package.name.value == "supervisor")
}

fn supervisor(subject: &mut Subject<'_>, script: &Script<'_>, run: &Run) {
    if !lacks_supervisor(subject, script, run) {
        return;
    }
    let (how, level) = fails(script, run);
    let message = format!("{} {how}: there is no supervisord since Amazon Linux 2", script.title());
    let restarts = run.arguments.iter().any(|word| word.text == "restart" || word.text == "reload");
    let fix = match restarts {
        true => "take it out: each deployment starts the processes of `Procfile` anew by itself".to_owned(),
        false => by_procfile(subject, script.text),
    };
    subject.find("EB100", script.path, run.program.span.clone(), message, fix).level = level;
}

/// pip of the system puts packages where the application does not look. Tells whether it was said.
fn pip(subject: &mut Subject<'_>, script: &Script<'_>, run: &Run) -> bool {
    let Some(word) = run.pip().filter(|word| word.text == "install" && subject.python()) else { return false };
    // A folder that is named has nothing to do with any Python.
    const ELSEWHERE: [&str; 4] = ["-t", "--target", "--prefix", "--root"];
    if run.arguments.iter().any(|word| ELSEWHERE.contains(&word.text.split('=').next().unwrap_or_default())) {
        return false;
    }
    let venv = script.has(&["activate", "/var/app/venv", "venv/bin"]) || run.lead.has("pipenv");
    // The system's own tools may well be installed there.
    let tool = run.plain().skip(1).all(|word| {
        let name = word.text.split(['=', '<', '>', '[']).next().unwrap_or_default();
        matches!(
            name,
            "install"
                | "pip"
                | "setuptools"
                | "wheel"
                | "awscli"
                | "supervisor"
                | "awsebcli"
                | "virtualenv"
                | "pipenv"
                | "poetry"
                | "uv"
                | "certbot"
                | "certbot-nginx"
        )
    });
    // Some programs of the project are meant for that Python.
    let meant = subject.scripts().iter().any(|other| {
        !other.has(&["activate", "/var/app/venv", "venv/bin"])
            && other.host_runs().any(|run| {
                crate::check::words::is_python(run.name())
                    && run
                        .plain()
                        .next()
                        .is_some_and(|word| word.text.ends_with(".py") && !word.text.ends_with("manage.py"))
            })
    });
    // Without its list it installs nothing anywhere.
    let lacks = |word: &Word| ["EB162", "EB225"].iter().any(|rule| subject.has_found_at(rule, script.path, &word.span));
    let fails = run.arguments.iter().any(lacks);
    if venv || tool || meant || fails || matches!(script.place, Place::Build(_) | Place::Process(_)) {
        return false;
    }
    let span = run.program.span.start..word.span.end;
    if let Some(list) = platforms_list(subject, run) {
        return own_list(subject, script, run, (list, span));
    }
    let message = format!(
        "{} installs into the Python of the system, outside of the application's virtual environment",
        script.title()
    );
    let fix = "put the packages into `requirements.txt`, or begin with `source /var/app/venv/*/bin/activate &&`";
    subject.find("EB161", script.path, span, message, fix);
    true
}

/// The list that the platform installs by itself, where a run of pip's is given that one and nothing else.
pub(super) fn platforms_list(subject: &Subject<'_>, run: &Run) -> Option<&'static str> {
    let own = subject.requirements().source?.file();
    let mut lists = run.arguments.windows(2).filter(|pair| matches!(pair[0].text.as_str(), "-r" | "--requirement"));
    let list = &lists.next()?[1].text;
    let path = in_bundle(list).or_else(|| in_bundle_once(list)).or_else(|| list.strip_prefix("./")).unwrap_or(list);
    let alone = run.plain().filter(|word| !matches!(word.text.as_str(), "install" | "pip" | "pip3")).count() == 1;
    (path == own && alone && lists.next().is_none()).then_some(own)
}

/// The same list for another Python, which may have no such versions.
fn own_list(subject: &mut Subject<'_>, script: &Script<'_>, run: &Run, (list, span): (&str, Range<usize>)) -> bool {
    /// The first release of Django that asks for a newer Python than 3.9.
    const NEWER: Version = Version::new(5, 0);
    let (how, level) = fails(script, run);
    let of_system = matches!(run.name(), "pip" | "pip3" | "python" | "python3");
    let django = subject.requirements().django().filter(|django| *django >= NEWER && of_system);
    let (message, level) = match django {
        Some(django) => (
            format!("{} {how}: the system's Python is 3.9, for which there is no Django {django}", script.title()),
            level,
        ),
        None => (
            format!(
                "{} installs `{list}` once more, into the Python of the system, where the application does not look",
                script.title()
            ),
            Level::Warning,
        ),
    };
    let fix = "take it out: the platform installs that list into the virtual environment by itself";
    subject.find("EB161", script.path, span, message, fix).level = level;
    true
}

/// IMDSv1 is off on Amazon Linux 2023.
fn metadata(subject: &mut Subject<'_>, script: &Script<'_>) {
    if let Some(span) = without_token(script.text) {
        let span = span.start + script.start..span.end + script.start;
        no_answer(subject, script.path, span, &script.title());
    }
}

/// Scripts of `files` that no deployment calls, but cron or a service.
pub(super) fn metadata_of_files(subject: &mut Subject<'_>) {
    for (file, entry, text, start) in contents(subject.customizations) {
        let Some(span) = without_token(text).filter(|_| text.trim_start().starts_with("#!")) else { continue };
        let span = span.start + start..span.end + start;
        if !subject.is_carried_out(&file.path, span.start) {
            no_answer(subject, &file.path, span, &format!("`{}`", entry.path.value));
        }
    }
}

/// Where a script asks the metadata service, if it sends no token.
fn without_token(text: &str) -> Option<Range<usize>> {
    const PLACES: [&str; 2] = ["169.254.169.254/latest/", "instance-data/latest/"];
    let mut asked = PLACES.iter().flat_map(|place| find_all(text, place));
    let first = asked.find(|span| !text[span.end..].starts_with("api/token"))?;
    (!sends_token(text)).then(|| first.start..first.end - "/latest/".len())
}

fn no_answer(subject: &mut Subject<'_>, path: &str, span: Range<usize>, title: &str) {
    if subject.answers_without_token() {
        return;
    }
    let message = format!("{title}: the metadata service answers 401 without a token, and the answer is empty");
    let fix = "ask for a token first: `TOKEN=$(curl -sX PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)`, and send it as `X-aws-ec2-metadata-token`";
    subject.find("EB011", path, span, message, fix);
}
