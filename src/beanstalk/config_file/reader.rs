//! From nodes to sections: lenient, and every complaint with its place.

use super::{
    Command, CommandLine, ConfigFile, DEFAULT_NAMESPACE, File, Group, OptionSetting, Package, Problem, ProblemKind,
    SECTIONS, Service, Source, Spanned, User,
};
use crate::beanstalk::yaml::{Kind, Mapping, Node, Span, Value};

impl ConfigFile {
    pub(super) fn problem(&mut self, span: Span, kind: ProblemKind) {
        self.problems.push(Problem { span, kind });
    }

    fn shape(&mut self, node: &Node, section: &'static str, expected: &'static str) {
        self.problem(node.span.clone(), ProblemKind::Shape { section, expected, found: node.noun() });
    }

    pub(super) fn read(&mut self, root: &Node) {
        let Some(sections) = root.mapping() else {
            if !root.is_null() {
                self.problem(root.span.clone(), ProblemKind::NotAMap { found: root.noun() });
            }
            return;
        };
        for (_, again) in sections.duplicates() {
            let name = again.as_str().unwrap_or_default().to_owned();
            self.problem(again.span.clone(), ProblemKind::DuplicateSection { name });
        }
        for (key, _) in &sections.pairs {
            let name = key.as_str().unwrap_or_default();
            if !SECTIONS.contains(&name) {
                self.problem(key.span.clone(), ProblemKind::UnknownSection { name: name.to_owned() });
            }
        }
        for section in SECTIONS {
            // An empty section is as good as none.
            let Some(node) = sections.get(section).filter(|node| !node.is_null()) else { continue };
            match *section {
                "option_settings" => self.option_settings(node),
                "packages" => self.packages(node),
                "groups" => self.groups(node),
                "users" => self.users(node),
                "sources" => self.sources(node),
                "files" => self.files(node),
                "commands" => self.commands = self.command_entries(node, "commands"),
                "services" => self.services(node),
                "container_commands" => self.container_commands = self.command_entries(node, "container_commands"),
                "Resources" => self.resources(node),
                _ => {
                    let _ = self.entries(node, section);
                }
            }
        }
    }

    /// The entries of a section that is a map.
    fn entries<'a>(&mut self, node: &'a Node, section: &'static str) -> Vec<(Spanned<String>, &'a Node, &'a Node)> {
        let Some(mapping) = node.mapping() else {
            self.shape(node, section, "a map");
            return Vec::new();
        };
        self.duplicates(mapping, section);
        let named = |(name, key, value): (&str, &'a Node, &'a Node)| (spanned(name, key), key, value);
        let mut seen = std::collections::HashSet::new();
        // Of two entries with one name the later wins.
        let mut entries: Vec<_> = mapping.named().map(named).collect();
        entries.reverse();
        entries.retain(|(name, ..)| seen.insert(name.value.clone()));
        entries.reverse();
        entries
    }

    fn duplicates(&mut self, mapping: &Mapping, section: &str) {
        for (_, again) in mapping.duplicates() {
            let name = again.as_str().unwrap_or_default().to_owned();
            self.problem(again.span.clone(), ProblemKind::DuplicateKey { section: section.to_owned(), name });
        }
    }

    /// The keys of one entry: its map, with unknown and doubled keys reported.
    fn fields<'a>(
        &mut self,
        node: &'a Node,
        section: &'static str,
        known: &'static [&'static str],
    ) -> Option<&'a Mapping> {
        let Some(mapping) = node.mapping() else {
            self.shape(node, section, "a map");
            return None;
        };
        self.duplicates(mapping, section);
        for (name, key, _) in mapping.named() {
            if !known.contains(&name) {
                let name = name.to_owned();
                self.problem(key.span.clone(), ProblemKind::UnknownKey { section, name, known });
            }
        }
        Some(mapping)
    }

    fn option_settings(&mut self, node: &Node) {
        const SECTION: &str = "option_settings";
        match &node.value {
            Value::Scalar(_) => self.shape(node, SECTION, "a map or a list"),
            Value::Sequence(items) => {
                for item in items {
                    self.option_item(item);
                }
            }
            Value::Mapping(namespaces) => {
                self.duplicates(namespaces, SECTION);
                for (name, key, value) in namespaces.named() {
                    match &value.value {
                        Value::Mapping(options) => {
                            self.duplicates(options, name);
                            // `Action.aws:autoscaling:scheduledaction` names the resource before the namespace.
                            let (resource, namespace) = match name.split_once(".aws:") {
                                Some((resource, _)) => (Some(spanned(resource, key)), &name[resource.len() + 1..]),
                                None => (None, name),
                            };
                            for (option, option_key, value) in options.named() {
                                let Some((text, kind)) = text_of(value) else {
                                    self.shape(value, SECTION, "a string as the value");
                                    continue;
                                };
                                self.option_settings.push(OptionSetting {
                                    namespace: spanned(namespace, key),
                                    name: spanned(option, option_key),
                                    value: Spanned { value: text, span: value.span.clone() },
                                    kind,
                                    resource_name: resource.clone(),
                                });
                            }
                        }
                        _ if value.is_null() => {}
                        _ => self.problem(key.span.clone(), ProblemKind::NoNamespace { name: name.to_owned() }),
                    }
                }
            }
        }
    }

    fn option_item(&mut self, item: &Node) {
        const SECTION: &str = "option_settings";
        const KNOWN: &[&str] = &["namespace", "option_name", "value", "resource_name"];
        let Some(fields) = self.fields(item, SECTION, KNOWN) else { return };
        let text = |key: &str| fields.get(key).and_then(|node| Some(spanned(node.as_str()?, node)));
        let Some(name) = text("option_name") else {
            return self.problem(item.span.clone(), ProblemKind::Missing { section: SECTION, key: "option_name" });
        };
        let Some(value) = fields.get("value") else {
            return self.problem(item.span.clone(), ProblemKind::Missing { section: SECTION, key: "value" });
        };
        let Some((value_text, kind)) = text_of(value) else {
            return self.shape(value, SECTION, "a string as the value");
        };
        let namespace = text("namespace")
            .unwrap_or_else(|| Spanned { value: DEFAULT_NAMESPACE.to_owned(), span: name.span.clone() });
        self.option_settings.push(OptionSetting {
            namespace,
            name,
            value: Spanned { value: value_text, span: value.span.clone() },
            kind,
            resource_name: text("resource_name"),
        });
    }

    fn packages(&mut self, node: &Node) {
        for (manager, _, names) in self.entries(node, "packages") {
            if names.is_null() {
                continue;
            }
            for (name, _, versions) in self.entries(names, "packages") {
                self.packages.push(Package { manager: manager.clone(), name, versions: strings(versions) });
            }
        }
    }

    fn groups(&mut self, node: &Node) {
        for (name, _, value) in self.entries(node, "groups") {
            let gid = if value.is_null() {
                None
            } else {
                self.fields(value, "groups", &["gid"]).and_then(|map| string(map, "gid"))
            };
            self.groups.push(Group { name, gid });
        }
    }

    fn users(&mut self, node: &Node) {
        for (name, _, value) in self.entries(node, "users") {
            let Some(map) = self.fields(value, "users", &["groups", "uid", "homeDir"]) else { continue };
            let groups = map.get("groups").map(strings).unwrap_or_default();
            self.users.push(User { name, uid: string(map, "uid"), groups, home: string(map, "homeDir") });
        }
    }

    fn sources(&mut self, node: &Node) {
        for (target, _, value) in self.entries(node, "sources") {
            match value.as_str() {
                Some(url) => self.sources.push(Source { target, url: spanned(url, value) }),
                None => self.shape(value, "sources", "a URL"),
            }
        }
    }

    fn files(&mut self, node: &Node) {
        const KNOWN: &[&str] =
            &["mode", "owner", "group", "content", "source", "encoding", "authentication", "context"];
        for (path, key, value) in self.entries(node, "files") {
            let Some(map) = self.fields(value, "files", KNOWN) else { continue };
            let text = |name: &str| map.get(name).and_then(|node| Some(spanned(node.as_str()?, node)));
            if map.get("content").is_none() && map.get("source").is_none() {
                self.problem(key.span.clone(), ProblemKind::Missing { section: "files", key: "content" });
            }
            self.files.push(File {
                path,
                mode: text("mode"),
                mode_kind: map.get("mode").and_then(Node::scalar).map(|scalar| scalar.kind),
                owner: string(map, "owner"),
                group: string(map, "group"),
                content: text("content"),
                source: text("source"),
                base64: string(map, "encoding").as_deref() == Some("base64"),
            });
        }
    }

    fn command_entries(&mut self, node: &Node, section: &'static str) -> Vec<Command> {
        const COMMANDS: &[&str] = &["command", "cwd", "env", "test", "ignoreErrors", "waitAfterCompletion"];
        const CONTAINER: &[&str] =
            &["command", "cwd", "env", "test", "ignoreErrors", "leader_only", "waitAfterCompletion"];
        let known = if section == "commands" { COMMANDS } else { CONTAINER };
        let mut commands = Vec::new();
        for (name, key, value) in self.entries(node, section) {
            let Some(map) = self.fields(value, section, known) else { continue };
            let Some(line) = map.get("command").filter(|node| !node.is_null()) else {
                self.problem(key.span.clone(), ProblemKind::Missing { section, key: "command" });
                continue;
            };
            let Some(command_line) = command_line(line) else {
                self.shape(line, section, "a string or a list as the command");
                continue;
            };
            let env = map.get("env").and_then(Node::mapping).map(|env| {
                env.named().filter_map(|(name, _, value)| Some((name.to_owned(), value.as_str()?.to_owned()))).collect()
            });
            for flag in ["ignoreErrors", "leader_only"] {
                let truth = |text: &str| {
                    let lower = text.to_ascii_lowercase();
                    ["true", "false", "yes", "no", "on", "off", ""].contains(&lower.as_str())
                };
                if let Some(node) = map.get(flag).filter(|node| !node.as_str().is_some_and(truth)) {
                    self.shape(node, section, "`true` or `false`");
                }
            }
            let test = map.get("test").filter(|node| !node.is_null());
            commands.push(Command {
                span: key.span.start..value.span.end.max(key.span.end),
                name,
                line: command_line,
                line_span: line.span.clone(),
                cwd: map.get("cwd").and_then(|node| Some(spanned(node.as_str()?, node))),
                env: env.unwrap_or_default(),
                test: test.and_then(self::command_line),
                test_span: test.map(|node| node.span.clone()),
                ignore_errors: map.get("ignoreErrors").is_some_and(Node::is_true),
                leader_only: map.get("leader_only").is_some_and(Node::is_true),
            });
        }
        commands
    }

    fn services(&mut self, node: &Node) {
        const KNOWN: &[&str] = &["enabled", "ensureRunning", "files", "sources", "packages", "commands"];
        for (manager, _, names) in self.entries(node, "services") {
            for (name, _, value) in self.entries(names, "services") {
                let Some(map) = self.fields(value, "services", KNOWN) else { continue };
                let flag = |key: &str| map.get(key).filter(|node| !node.is_null()).map(Node::is_true);
                let (enabled, ensure_running) = (flag("enabled"), flag("ensureRunning"));
                self.services.push(Service { manager: manager.clone(), name, enabled, ensure_running });
            }
        }
    }

    fn resources(&mut self, node: &Node) {
        for (name, _, value) in self.entries(node, "Resources") {
            self.resources.push((name, value.clone()));
        }
    }
}

fn spanned(text: &str, node: &Node) -> Spanned<String> {
    Spanned { value: text.to_owned(), span: node.span.clone() }
}

fn string(map: &Mapping, key: &str) -> Option<String> {
    map.get(key).and_then(Node::as_str).map(str::to_owned)
}

/// A string, or a list of strings.
fn strings(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Sequence(items) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        Value::Scalar(scalar) if !scalar.text.is_empty() && !node.is_null() => vec![scalar.text.clone()],
        Value::Scalar(_) | Value::Mapping(_) => Vec::new(),
    }
}

/// An option's value as the API gets it: text. Lists become the comma-separated form.
fn text_of(node: &Node) -> Option<(String, Kind)> {
    match &node.value {
        Value::Scalar(scalar) => Some((scalar.text.clone(), scalar.kind)),
        Value::Sequence(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Node::as_str).collect();
            Some((words?.join(","), Kind::String))
        }
        Value::Mapping(_) => None,
    }
}

fn command_line(node: &Node) -> Option<CommandLine> {
    match &node.value {
        Value::Scalar(scalar) => Some(CommandLine::Shell(scalar.text.clone())),
        Value::Sequence(items) => {
            let words: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            words.map(CommandLine::Program)
        }
        Value::Mapping(_) => None,
    }
}
