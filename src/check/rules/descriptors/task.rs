//! Task: what ECS asks of the definition in `Dockerrun.aws.json`.

use serde_json::Value;

use super::databases::of_task;
use crate::check::subject::{DOCKERRUN, Subject};

/// What ECS asks of a task definition.
pub(super) fn check(subject: &mut Subject<'_>, document: &Value, text: &str) {
    let at = text.find("containerDefinitions").map_or(0..0, |start| start..start + "containerDefinitions".len());
    let Some(definitions) = document["containerDefinitions"].as_array().filter(|definitions| !definitions.is_empty())
    else {
        subject.find(
            "EB121",
            DOCKERRUN,
            at,
            "the deployment fails: there are no containers",
            "list them in `containerDefinitions`",
        );
        return;
    };
    of_task(subject, definitions, text);
    host_ports(subject, definitions, text);
    references(subject, document, definitions, text);
    folders(subject, document, text);
    for definition in definitions {
        let name = definition["name"].as_str().unwrap_or("a container without a name");
        let mut missing: Vec<&str> =
            ["name", "image"].into_iter().filter(|key| definition[*key].as_str().is_none()).collect();
        if definition["memory"].is_null() && definition["memoryReservation"].is_null() {
            missing.push("memory");
        }
        if !missing.is_empty() {
            let message = format!("ECS refuses the task: `{name}` has no `{}`", missing.join("`, no `"));
            let place = definition["name"]
                .as_str()
                .and_then(|name| text.find(&format!("\"{name}\"")).map(|start| start..start + name.len() + 2));
            subject.find(
                "EB121",
                DOCKERRUN,
                place.unwrap_or_else(|| at.clone()),
                message,
                "add it to the container's definition",
            );
        }
        memory(subject, definition, name, text);
    }
}

/// Docker starts no container that may have less than 6 MB.
fn memory(subject: &mut Subject<'_>, definition: &Value, name: &str, text: &str) {
    const LEAST: u64 = 6;
    let Some(limit) = definition["memory"].as_u64().filter(|limit| *limit < LEAST) else { return };
    let own = text.find(&format!("\"{name}\"")).unwrap_or(0);
    let start = text[own..].find("\"memory\"").map_or(own, |at| own + at + 1);
    let message =
        format!("the container `{name}` never starts: it may have {limit} MB, and Docker wants {LEAST} at least");
    let fix = "give it what it needs, such as 128; `memoryReservation` alone sets no limit";
    subject.find("EB121", DOCKERRUN, start..start + "memory".len(), message, fix);
}

/// What a container names of the same file: other containers, and volumes.
fn references(subject: &mut Subject<'_>, document: &Value, definitions: &[Value], text: &str) {
    let names = |list: &Value| -> Vec<String> {
        let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|item| item["name"].as_str()).map(str::to_owned).collect()
    };
    let (containers, volumes) = (names(&document["containerDefinitions"]), names(&document["volumes"]));
    let texts = |list: &Value, key: Option<&str>| -> Vec<String> {
        let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |item: &Value| key.map_or(item, |key| &item[key]).as_str().map(str::to_owned);
        items.iter().filter_map(text).collect()
    };
    for definition in definitions {
        let name = definition["name"].as_str().unwrap_or("a container without a name");
        let link = texts(&definition["links"], None)
            .into_iter()
            .find(|link| !containers.iter().any(|known| Some(known.as_str()) == link.split(':').next()));
        // Elastic Beanstalk makes one for the logs of each container.
        let volume = texts(&definition["mountPoints"], Some("sourceVolume"))
            .into_iter()
            .find(|volume| !volumes.contains(volume) && !volume.starts_with("awseb-logs-"));
        let other = texts(&definition["volumesFrom"], Some("sourceContainer"))
            .into_iter()
            .find(|other| !containers.contains(other));
        let found = [(link, "container"), (other, "container"), (volume, "volume")];
        for (missing, what) in found {
            let Some(missing) = missing else { continue };
            let start = text.find(&format!("\"{missing}\"")).map_or(0, |at| at + 1);
            let wanted = missing.split(':').next().unwrap_or(&missing).to_owned();
            let message = format!("ECS refuses the task: `{name}` names the {what} `{wanted}`, and there is none");
            let fix = format!("add a {what} of that name, or take the line out");
            subject.find("EB121", DOCKERRUN, start..start + missing.len(), message, fix);
        }
    }
}

/// A volume that is to be a folder of the bundle. Docker takes a name without a slash for a volume of its own.
fn folders(subject: &mut Subject<'_>, document: &Value, text: &str) {
    let volumes = document["volumes"].as_array().map(Vec::as_slice).unwrap_or_default();
    for volume in volumes {
        let Some(source) = volume["host"]["sourcePath"].as_str() else { continue };
        let folder = source.trim_start_matches("./").trim_end_matches('/');
        let is_there = subject.tree.is_dir(folder) || (source.contains('/') && subject.tree.is_file(folder));
        if source.starts_with(['/', '$']) || folder.is_empty() || !is_there {
            continue;
        }
        let what = if subject.tree.is_dir(folder) { "folder" } else { "file" };
        let becomes = match source.contains('/') {
            true => "a path from nowhere, which Docker refuses".to_owned(),
            false => {
                "a volume of Docker's own: empty, or filled once from the first image and old ever after".to_owned()
            }
        };
        let message =
            format!("this is not the {what} `{folder}` of the bundle, which is in `/var/app/current`, but {becomes}");
        let fix = format!(
            "write `/var/app/current/{folder}`; or take the volume out, where the image has these files anyway"
        );
        let key = |at: &usize| text[..*at].trim_end().trim_end_matches(':').trim_end().ends_with("\"sourcePath\"");
        let quoted = format!("\"{source}\"");
        let start = text.match_indices(&quoted).map(|(at, _)| at).find(key).map_or(0, |at| at + 1);
        subject.find("EB367", DOCKERRUN, start..start + source.len(), message, fix);
    }
}

/// The containers of a task are on one instance, which has each port of each protocol once.
fn host_ports(subject: &mut Subject<'_>, definitions: &[Value], text: &str) {
    let mut taken: Vec<((u64, &str), &str)> = Vec::new();
    let mut places = text.match_indices("\"hostPort\"").map(|(start, key)| start + 1..start + key.len() - 1);
    for definition in definitions {
        let name = definition["name"].as_str().unwrap_or_default();
        let ports = definition["portMappings"].as_array().map(Vec::as_slice).unwrap_or_default();
        for mapping in ports.iter().filter(|mapping| mapping.get("hostPort").is_some()) {
            let at = places.next().unwrap_or(0..0);
            let Some(port) = mapping["hostPort"].as_u64().filter(|port| *port != 0) else { continue };
            let wanted = (port, mapping["protocol"].as_str().unwrap_or("tcp"));
            if let Some((_, other)) = taken.iter().find(|(known, _)| *known == wanted) {
                let message =
                    format!("the task never runs: `{other}` and `{name}` both want port {port} of the instance");
                subject.find("EB121", DOCKERRUN, at, message, "let one of them be reached by the other, with `links`");
                return;
            }
            taken.push((wanted, name));
        }
    }
}
