//! Void: directives of the project's that nobody asks, because the platform's own files say the same further inside.
//!
//! nginx takes what a block inherits only where the block has none of its own: one `proxy_set_header` in a `location` shuts
//! out all that stand above it (nginx.org, `ngx_http_proxy_module`).

use super::{FOLDER, OWN_LOCATION, OWN_SERVER};
use crate::beanstalk::platforms::Family;
use crate::check::nginx::{Context, Directive, parse};
use crate::check::subject::Subject;

/// What the platform's `location /` says of its own, as the people say who have printed it.
const OWN_HEADERS: &str = "proxy_set_header";

/// And its values: to say the same again loses nothing.
const OWN: [&str; 5] = [
    "Connection $connection_upgrade",
    "Upgrade $http_upgrade",
    "Host $host",
    "X-Real-IP $remote_addr",
    "X-Forwarded-For $proxy_add_x_forwarded_for",
];

/// What its `server` block says on each platform with a proxy; the time-outs are those of the platforms of languages.
const EVERYWHERE: [&str; 3] = ["gzip", "gzip_comp_level", "gzip_types"];

/// Time-outs that are what the platform's own are: nothing is lost.
const SAME: [&str; 3] = ["60", "60s", "1m"];

pub(super) fn check(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let edits = |text: &str| text.contains(OWN_LOCATION) || text.contains("/etc/nginx/nginx.conf");
    let own = tree.is_file(&format!("{FOLDER}/nginx.conf")) || inside(OWN_LOCATION, subject);
    if own || subject.scripts().iter().any(|script| edits(script.text)) {
        return;
    }
    let paths: Vec<&str> = tree.under(FOLDER).map(|(path, _)| path).filter(|path| path.ends_with(".conf")).collect();
    let files: Vec<(&str, Vec<Directive>)> =
        paths.into_iter().filter_map(|path| Some((path, parse(tree.text(path)?).ok()?))).collect();
    // Blocks of the project's own have what stands above them.
    let (mut servers, mut passes) = (false, false);
    for (_, directives) in &files {
        servers |= directives.iter().any(|directive| directive.name == "server");
        passes |= inherits(directives);
    }
    for (path, directives) in &files {
        let context = match path[FOLDER.len() + 1..].split('/').collect::<Vec<_>>().as_slice() {
            ["conf.d", _] => Context::Http,
            ["conf.d", "elasticbeanstalk", _] => Context::Server,
            _ => continue,
        };
        for directive in directives {
            let Some((message, fix)) = why(subject, context, directive, servers, passes) else { continue };
            subject.find("EB271", path, directive.span.clone(), message, fix);
            break;
        }
    }
}

/// Does the project have the file of this name that is read in the `server` block?
fn inside(name: &str, subject: &Subject<'_>) -> bool {
    subject.tree.is_file(&format!("{FOLDER}/conf.d/elasticbeanstalk/{name}"))
}

/// Is there a block that passes requests on, and says no header of its own?
fn inherits(directives: &[Directive]) -> bool {
    let passes = directives.iter().any(|directive| directive.name == "proxy_pass");
    let headers = directives.iter().any(|directive| directive.name == OWN_HEADERS);
    (passes && !headers)
        || directives.iter().filter_map(|directive| directive.block.as_ref()).any(|block| inherits(block))
}

fn why(
    subject: &Subject<'_>,
    context: Context,
    directive: &Directive,
    servers: bool,
    passes: bool,
) -> Option<(String, String)> {
    let name = directive.name.as_str();
    if name == OWN_HEADERS && !passes && !OWN.contains(&directive.arguments.join(" ").as_str()) {
        let header = directive.arguments.first().map_or("", String::as_str);
        let message = format!(
            "the application never gets this `{header}`: the platform's `location /` has a `{OWN_HEADERS}` of its own, and nginx takes none from {} then",
            context.phrase()
        );
        let fix = format!(
            "write `{FOLDER}/conf.d/elasticbeanstalk/{OWN_LOCATION}` with the whole `location /`: it takes the place of the platform's own"
        );
        return Some((message, fix));
    }
    let timeout =
        OWN_SERVER.contains(&name) && !EVERYWHERE.contains(&name) && subject.customizations.family == Family::Python;
    let same = timeout && directive.arguments.iter().all(|argument| SAME.contains(&argument.as_str()));
    if context != Context::Http || servers || same || !(timeout || EVERYWHERE.contains(&name)) {
        return None;
    }
    let message =
        format!("this `{name}` has no effect: the platform's `server` block has one of its own, which is nearer");
    let fix = match name {
        "client_header_timeout" => format!("write a whole `{FOLDER}/nginx.conf` with it, or take it out"),
        _ => {
            format!("say it in a `location`, such as `location /` in `{FOLDER}/conf.d/elasticbeanstalk/{OWN_LOCATION}`")
        }
    };
    Some((message, fix))
}
