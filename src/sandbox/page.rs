//! The page at `/`: what is in the sandbox, for people. One self-contained document, without scripts.

use hyper::Response;
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use quick_xml::escape::escape;
use s3s::Body;

use super::access_log::Entry;
use super::environment::{Environment, Health};
use super::event::Severity;
use super::state::{Application, Region, Source, State, Status};

const STYLE: &str = "
:root { color-scheme: light dark; --text: #1d2b24; --dim: #5c6b63; --line: #d9e2dc; --paper: #fbfdfb; --card: #fff;
  --green: #1c7c45; --yellow: #8a6100; --red: #b3261e; --grey: #5f6b65; }
@media (prefers-color-scheme: dark) { :root { --text: #e3ece6; --dim: #9aaba1; --line: #31403a; --paper: #131a17;
  --card: #1a2420; --green: #6fd197; --yellow: #e8c15a; --red: #ff9a92; --grey: #a9b6af; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 72rem; background: var(--paper); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem; } h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
p { margin: .25rem 0; } .dim { color: var(--dim); }
code { font: .875em ui-monospace, monospace; overflow-wrap: anywhere; }
.table { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; min-width: 44rem; font-size: .9375rem; }
th, td { text-align: left; padding: .5rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; } th { color: var(--dim); font-weight: 600; white-space: nowrap; }
.time, td code { white-space: nowrap; } td code.long { white-space: normal; }
.mark { white-space: nowrap; font-weight: 600; } .mark::before { content: '● '; }
a { color: inherit; }
.green { color: var(--green); } .yellow { color: var(--yellow); } .red { color: var(--red); } .grey { color: var(--grey); }
.empty { padding: 2rem; text-align: center; background: var(--card); border: 1px dashed var(--line); border-radius: .5rem; margin-top: 1rem; }
/* In a narrow window each row is a card: the heads stand beside the cells. */
@media (max-width: 44rem) {
  table { min-width: 0; } table, tbody, tr, td { display: block; } thead { display: block; position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); } tr:last-child { border-bottom: 0; }
  td { display: grid; grid-template-columns: 7rem minmax(0, 1fr); padding: .125rem .75rem; border: 0; overflow-wrap: anywhere; }
  td:empty { display: none; } td::before { content: attr(data-head); color: var(--dim); } td code { white-space: normal; }
}
";

/// Seconds after which the page looks again, by itself.
const RELOAD: u32 = 5;

/// How many events and calls are shown.
pub(super) const SHOWN: usize = 30;

/// Everything besides the state that decides what the page shows.
pub(super) struct View<'a> {
    pub(super) endpoint: &'a str,
    pub(super) now: Timestamp,
    /// Does the instance of the environment with this id run?
    pub(super) runs: &'a dyn Fn(&str) -> bool,
}

pub(super) fn page(state: &State, calls: &[Entry], view: &View<'_>) -> Response<Body> {
    let mut body = String::new();
    let regions =
        state.regions.iter().filter(|(_, region)| !region.applications.is_empty() || !region.environments.is_empty());
    let mut any = false;
    for (name, region) in regions {
        any = true;
        show_region(&mut body, name, region, view);
    }
    if !any {
        body.push_str(
            "<div class=empty><p>Nothing is here yet.</p><p class=dim>A project comes here with \
             <code>beansprout publish --sandbox</code>, or from any AWS client with the variables that \
             <code>beansprout sandbox</code> prints.</p></div>",
        );
    }
    show_calls(&mut body, calls, view.now);
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'>\
         <meta http-equiv=refresh content={RELOAD}><title>beansprout sandbox</title><style>{STYLE}</style><header><h1>beansprout sandbox</h1>\
         <p class=dim>S3, Elastic Beanstalk and STS at <code>{}</code></p></header><main>{body}</main></html>",
        escape(view.endpoint)
    );
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

fn show_region(out: &mut String, name: &str, region: &Region, view: &View<'_>) {
    let now = view.now;
    for (application, content) in &region.applications {
        out.push_str(&format!("<section><h2>{}</h2>", escape(application.as_str())));
        let about = content.description.as_deref().map(|text| format!(" · {}", prose(text))).unwrap_or_default();
        out.push_str(&format!("<p class=dim>Application in {}{about}</p>", escape(name)));
        let environments: Vec<&Environment> =
            region.environments.values().filter(|environment| environment.application == *application).collect();
        show_environments(out, &environments, view);
        show_versions(out, content, &environments, now);
        out.push_str("</section>");
    }
    let gone: Vec<&Environment> = region
        .environments
        .values()
        .filter(|environment| !region.applications.contains_key(&environment.application))
        .collect();
    if !gone.is_empty() {
        out.push_str(&format!(
            "<section><h2>Environments of deleted applications</h2><p class=dim>{}</p>",
            escape(name)
        ));
        show_environments(out, &gone, view);
        out.push_str("</section>");
    }
    let rows = region.events.iter().rev().take(SHOWN).map(|event| {
        let class = match event.severity {
            Severity::Error | Severity::Fatal => "red",
            Severity::Warn => "yellow",
            _ => "grey",
        };
        let subject = &event.subject;
        let about = subject.environment.as_ref().or(subject.version.as_ref()).or(subject.application.as_ref());
        vec![
            when(event.time, now),
            format!("<span class='mark {class}'>{}</span>", event.severity.wire()),
            code(about.map_or("", String::as_str)),
            prose(&event.message),
        ]
    });
    table(out, "Events", &["When", "Severity", "About", "What happened"], rows.collect());
}

fn show_environments(out: &mut String, environments: &[&Environment], view: &View<'_>) {
    let rows = environments.iter().map(|environment| {
        let class = match environment.health {
            Health::Green => "green",
            Health::Yellow => "yellow",
            Health::Red => "red",
            Health::Grey => "grey",
        };
        vec![
            escape(environment.name.as_str()).into_owned(),
            format!("<span class='mark {class}'>{:?}</span>", environment.health),
            format!("{:?}", environment.status),
            code(environment.version.as_deref().unwrap_or("Sample Application")),
            address(environment, view),
            escape(environment.platform.as_str()).into_owned(),
            when(environment.updated, view.now),
        ]
    });
    let head = ["Environment", "Health", "Status", "Version", "Name in DNS", "Platform", "Updated"];
    table(out, "Environments", &head, rows.collect());
}

/// The name in DNS, which leads nowhere here, and the site of an instance that runs.
fn address(environment: &Environment, view: &View<'_>) -> String {
    let name = environment.cname.as_deref().map(|name| format!("<code class=long>{}</code>", escape(name)));
    let site = environment.site.as_deref().filter(|_| (view.runs)(&environment.id));
    let site = site.map(|site| format!("<a href='{0}' rel=noreferrer>{0}</a>", escape(site)));
    name.into_iter().chain(site).collect::<Vec<_>>().join("<br>")
}

/// What people and programs said in their own words. A hook may have said a secret, a commit's subject may have one, and a
/// page may be seen by others.
fn prose(text: &str) -> String {
    match crate::secret::in_content(text.as_bytes()).iter().next() {
        Some(_) => "(not shown: there seems to be a secret in it)".to_owned(),
        None => escape(text).into_owned(),
    }
}

fn show_versions(out: &mut String, application: &Application, environments: &[&Environment], now: Timestamp) {
    let mut versions: Vec<_> = application.versions.iter().collect();
    versions.sort_by_key(|(label, version)| (std::cmp::Reverse(version.created), *label));
    let rows = versions.into_iter().map(|(label, version)| {
        let users =
            environments.iter().filter(|environment| environment.terminated.is_none() && environment.runs(label));
        let users: Vec<&str> = users.map(|environment| environment.name.as_str()).collect();
        let source = match &version.source {
            Source::Bundle { bucket, key } => format!("s3://{bucket}/{key}"),
            Source::Sample => "the platform's sample".to_owned(),
        };
        vec![
            code(label),
            match version.status {
                Status::Failed => "<span class='mark red'>FAILED</span>".to_owned(),
                status => status.wire().to_owned(),
            },
            escape(users.join(", ")).into_owned(),
            format!("<code class=long>{}</code>", escape(source.as_str())),
            prose(version.description.as_deref().unwrap_or("")),
            when(version.created, now),
        ]
    });
    table(out, "Versions", &["Label", "Status", "Deployed to", "Bundle", "Description", "Made"], rows.collect());
}

fn show_calls(out: &mut String, calls: &[Entry], now: Timestamp) {
    let rows = calls.iter().map(|call| {
        let (class, status) = match call.status {
            0 => ("red", "no answer".to_owned()),
            status if status >= 400 => ("red", status.to_string()),
            status => ("green", status.to_string()),
        };
        let code_text = call.code.as_deref().map(|text| format!(" {}", escape(text))).unwrap_or_default();
        vec![
            when(call.time, now),
            escape(call.service.as_str()).into_owned(),
            code(&call.operation),
            format!("<span class='mark {class}'>{status}{code_text}</span>"),
        ]
    });
    table(out, "Last calls", &["When", "Service", "Operation", "Answer"], rows.collect());
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<code>{}</code>", escape(text)) }
}

/// `12 s ago`, with the exact time behind it.
fn when(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(time).as_secs().max(0);
    let ago = match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86400),
    };
    format!("<time class=time datetime='{time:.0}' title='{time:.0}'>{ago}</time>")
}

/// A table of cells that are HTML already; none if there are no rows.
fn table(out: &mut String, title: &str, head: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&format!(
        "<h3>{title}</h3><div class=table tabindex=0 role=region aria-label='{title}'><table role=table><thead><tr role=row>"
    ));
    head.iter().for_each(|name| out.push_str(&format!("<th scope=col role=columnheader>{name}</th>")));
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr role=row>");
        for (name, cell) in head.iter().zip(&row) {
            out.push_str(&format!("<td role=cell data-head='{name}'>{cell}</td>"));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_typed_is_not_html() {
        let mut state = State::default();
        let text = r#"{"applications": {"<b>": {"description": "<script>", "created": "2026-01-01T00:00:00Z",
            "updated": "2026-01-01T00:00:00Z", "lifecycle": null, "versions": {}, "tags": {}}}}"#;
        state.regions.insert("us-east-1".to_owned(), serde_json::from_str(text).unwrap());
        let mut body = String::new();
        let view = View { endpoint: "", now: Timestamp::UNIX_EPOCH, runs: &|_| true };
        show_region(&mut body, "us-east-1", &state.regions["us-east-1"], &view);
        assert!(body.contains("<h2>&lt;b&gt;</h2>") && !body.contains("<script>"), "{body}");
    }

    #[test]
    fn a_site_is_linked_for_as_long_as_it_runs() {
        let (id, name, platform) = ("e-1".to_owned(), "shop-prod".to_owned(), "stack".to_owned());
        let tier = super::super::environment::Tier::WebServer;
        let mut environment = Environment::new(id, name, platform, tier, Timestamp::UNIX_EPOCH);
        environment.site = Some("http://127.0.0.1:4000/".to_owned());
        let shown = |runs: bool| {
            let runs = move |id: &str| id == "e-1" && runs;
            address(&environment, &View { endpoint: "", now: Timestamp::UNIX_EPOCH, runs: &runs })
        };
        assert!(shown(true).contains("<a href='http://127.0.0.1:4000/'"), "{}", shown(true));
        assert_eq!(shown(false), "");
    }

    #[test]
    fn a_secret_that_somebody_said_is_not_shown() {
        assert_eq!(prose("a <b>"), "a &lt;b&gt;");
        let key = format!("AWS said AKIA{} and more", "Q3EGRIJ7XN5YLQWX");
        assert!(prose(&key).contains("not shown"), "{}", prose(&key));
        let mut state = State::default();
        let text = format!(
            r#"{{"applications": {{"shop": {{"description": "{key}", "created": "2026-01-01T00:00:00Z",
            "updated": "2026-01-01T00:00:00Z", "lifecycle": null, "versions": {{}}, "tags": {{}}}}}}}}"#
        );
        state.regions.insert("us-east-1".to_owned(), serde_json::from_str(&text).unwrap());
        let mut body = String::new();
        let view = View { endpoint: "", now: Timestamp::UNIX_EPOCH, runs: &|_| true };
        show_region(&mut body, "us-east-1", &state.regions["us-east-1"], &view);
        assert!(!body.contains("Q3EG") && body.contains("not shown"), "{body}");
    }

    #[test]
    fn times_are_told_as_people_tell_them() {
        #[track_caller]
        fn case(seconds: i64, text: &str) {
            let now = Timestamp::from_second(1_000_000_000).unwrap();
            let then = now - jiff::SignedDuration::from_secs(seconds);
            assert!(when(then, now).contains(&format!(">{text}<")));
        }
        case(59, "59 s ago");
        case(60, "1 min ago");
        case(7200, "2 h ago");
        case(200_000, "2 d ago");
    }
}
