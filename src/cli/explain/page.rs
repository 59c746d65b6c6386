//! All events on one page: a drawing that needs no network, no script, no colour and no mouse.
//!
//! The four events are radio buttons and the steps are `details`, so that keyboards and screen readers have them for free.

use std::fmt::{self, Write};

use serde::Serialize;

use super::event::{extras, facts, place};
use crate::beanstalk::timeline::{Action, Event, Runs, Site, Step, Timeline};
use crate::ui::{Answer, bytes};

/// The end of its title.
const TITLE: &str = ": what runs when";
const STYLE: &str = include_str!("page.css");

/// What was drawn, and where to.
#[derive(Serialize)]
pub(super) struct Drawn {
    pub(super) path: String,
    pub(super) bytes: usize,
}

impl Answer for Drawn {
    const SCHEMA: &str = "explain-html/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "drew `{}`, {}", self.path, bytes(self.bytes as u64))
    }
}

/// Is it such a page, of whatever project?
pub(super) fn is_page(content: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&content[..content.len().min(1024)]);
    start.starts_with("<!doctype html>") && start.contains(TITLE)
}

/// The page for a project.
pub(super) fn html(project: &str, timelines: &[Timeline]) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = page(&mut out, project, timelines);
    out
}

fn page(out: &mut String, project: &str, timelines: &[Timeline]) -> fmt::Result {
    let project = escape(project);
    let family = timelines.first().map(|timeline| timeline.family.to_string()).unwrap_or_default();
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{project}{TITLE}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{project}: what runs when</h1>\n<p class=\"lead\">What an instance goes through on {family}, and what of this project runs in it. \
         A filled mark is a step in which something of yours runs, a ring is the engine's own work, a dashed ring is left out this time.</p>\n",
    )?;
    for (index, timeline) in timelines.iter().enumerate() {
        let checked = if timeline.event == Event::Deploy { " checked" } else { "" };
        let event = timeline.event;
        writeln!(out, "<input type=\"radio\" name=\"event\" id=\"event-{index}\" class=\"event-{index}\"{checked}>")?;
        writeln!(out, "<label for=\"event-{index}\"><b>{event}</b> {}</label>", escape(event.phrase()))?;
    }
    for (index, timeline) in timelines.iter().enumerate() {
        event(out, index, timeline)?;
    }
    matrix(out, timelines)?;
    out.push_str("</main>\n</body>\n</html>\n");
    Ok(())
}

fn event(out: &mut String, index: usize, timeline: &Timeline) -> fmt::Result {
    writeln!(out, "<section class=\"timeline section-{index}\" aria-label=\"{}\">\n<ol>", timeline.event)?;
    let mut before: Option<Site> = None;
    for step in &timeline.steps {
        let changed = before != Some(step.site);
        before = Some(step.site);
        self::step(out, step, changed)?;
    }
    out.push_str("</ol>\n</section>\n");
    Ok(())
}

fn step(out: &mut String, step: &Step, changed: bool) -> fmt::Result {
    let skipped = matches!(step.runs, Runs::Never { .. });
    let running: Vec<&Action> = step.actions.iter().filter(|action| !skipped && !never(action)).collect();
    let (class, owner) = match (skipped, running.is_empty()) {
        (true, _) => ("skipped", "left out"),
        (false, true) => ("engine", "engine"),
        (false, false) => ("yours", "yours"),
    };
    let site = match step.site {
        Site::NotYet => "not-yet",
        Site::Old => "old",
        Site::Down => "down",
        Site::New => "new",
    };
    let open = if class == "yours" { " open" } else { "" };
    writeln!(out, "<li class=\"{class} site-{site}\">")?;
    let visitors = if changed { format!("visitors get {}", step.site.phrase()) } else { String::new() };
    writeln!(
        out,
        "<span class=\"site\">{}</span><span class=\"mark\" aria-hidden=\"true\"></span>",
        escape(&visitors)
    )?;
    let instruction = step.instruction.map(|name| format!(" <code>{}</code>", escape(name))).unwrap_or_default();
    writeln!(
        out,
        "<details{open}>\n<summary><span class=\"owner\">{owner}</span>{} {instruction}</summary>",
        escape(step.summary)
    )?;
    if let Runs::Never { why } = step.runs {
        writeln!(out, "<p class=\"note\">{}</p>", escape(why))?;
    }
    if let Some(note) = step.note {
        writeln!(out, "<p class=\"note\">{}</p>", escape(note))?;
    }
    if !step.actions.is_empty() {
        out.push_str("<ul>\n");
        for action in &step.actions {
            thing(out, step, action, skipped)?;
        }
        out.push_str("</ul>\n");
    }
    out.push_str("<dl>\n");
    for (key, value) in facts(step) {
        writeln!(out, "<div><dt>{key}</dt><dd>{}</dd></div>", escape(&value))?;
    }
    out.push_str("</dl>\n</details>\n</li>\n");
    Ok(())
}

fn thing(out: &mut String, step: &Step, action: &Action, skipped: bool) -> fmt::Result {
    let mut remarks = extras(step, action);
    let not = match action.runs {
        Runs::Never { .. } if skipped => Some("not now".to_owned()),
        Runs::Never { why } => Some(format!("not now: {why}")),
        _ => None,
    };
    let class = if not.is_some() { " class=\"not\"" } else { "" };
    remarks.extend(not);
    let remarks = if remarks.is_empty() { String::new() } else { format!(" <em>{}</em>", escape(&remarks.join("; "))) };
    let (name, place) = (escape(&action.name), escape(&place(action)));
    writeln!(out, "<li{class}><b>{name}</b> <span>{}</span> <code>{place}</code>{remarks}</li>", action.work.noun())
}

/// Every thing of the project against every event.
fn matrix(out: &mut String, timelines: &[Timeline]) -> fmt::Result {
    let things: Vec<(&Step, &Action)> = timelines.first().into_iter().flat_map(Timeline::actions).collect();
    if things.is_empty() {
        out.push_str("<p>Nothing of this project takes part in a deployment yet.</p>\n");
        return Ok(());
    }
    out.push_str("<h2>Does it run again?</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">yours</th>");
    for timeline in timelines {
        write!(out, "<th scope=\"col\">{}</th>", timeline.event)?;
    }
    out.push_str(
        "<th scope=\"col\">sees your variables</th><th scope=\"col\">the proxy is up</th></tr></thead>\n<tbody>\n",
    );
    for (step, action) in things {
        write!(out, "<tr><th scope=\"row\">{} <code>{}</code></th>", escape(&action.name), escape(&place(action)))?;
        for timeline in timelines {
            let (class, word) = fate(timeline, action);
            write!(out, "<td class=\"{class}\">{word}</td>")?;
        }
        let sees = super::thing::sees(action.environment);
        let up = timelines
            .iter()
            .find(|timeline| timeline.event == Event::Deploy)
            .and_then(|timeline| timeline.step(step.stage));
        let up = if up.is_some_and(|step| step.site != Site::Down) { "yes" } else { "no" };
        writeln!(out, "<td>{sees}</td><td>{up}</td></tr>")?;
    }
    out.push_str("</tbody>\n</table></div>\n");
    Ok(())
}

fn fate(timeline: &Timeline, action: &Action) -> (&'static str, &'static str) {
    let same = |other: &&(&Step, &Action)| other.1.name == action.name && other.1.origin == action.origin;
    let found: Vec<(&Step, &Action)> = timeline.actions().collect();
    match found.iter().find(same).map(|(step, action)| (step.runs, action.runs)) {
        None | Some((Runs::Never { .. }, _) | (_, Runs::Never { .. })) => ("no", "–"),
        Some((_, Runs::Leader)) => ("leader", "leader only"),
        Some(_) => ("yes", "runs"),
    }
}

fn never(action: &Action) -> bool {
    matches!(action.runs, Runs::Never { .. })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
