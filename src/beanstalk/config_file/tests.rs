use super::*;

fn parse(text: &str) -> ConfigFile {
    ConfigFile::parse(".ebextensions/a.config", text.as_bytes())
}

#[test]
fn both_shapes_of_option_settings_say_the_same() {
    let shorthand = parse("option_settings:\n  aws:elasticbeanstalk:command:\n    Timeout: 900\n");
    let standard = parse(
        "option_settings:\n  - namespace: aws:elasticbeanstalk:command\n    option_name: Timeout\n    value: 900\n",
    );
    let said = |file: &ConfigFile| {
        assert_eq!(file.problems, []);
        let [option] = file.option_settings.as_slice() else { panic!("{:?}", file.option_settings) };
        assert_eq!(&file.text[option.value.span.clone()], "900");
        (option.namespace.value.clone(), option.name.value.clone(), option.value.value.clone())
    };
    assert_eq!(said(&shorthand), said(&standard));
}

#[test]
fn the_namespace_has_a_default_and_an_action_its_name() {
    let file = parse("option_settings:\n  - {option_name: A, value: b}\n");
    assert_eq!(file.option_settings[0].namespace.value, DEFAULT_NAMESPACE);
    let file = parse("option_settings:\n  Night.aws:autoscaling:scheduledaction: {MinSize: 1}\n");
    assert_eq!(file.option_settings[0].namespace.value, "aws:autoscaling:scheduledaction");
    assert_eq!(file.option_settings[0].resource_name.as_ref().unwrap().value, "Night");
}

#[test]
fn commands_have_all_their_keys() {
    let file = parse(
        "container_commands:\n  01_x:\n    command: [echo, hi]\n    cwd: /tmp\n    env: {A: 1}\n    test: 'true'\n    ignoreErrors: 'true'\n    leader_only: yes\n",
    );
    assert_eq!(file.problems, []);
    let [command] = file.container_commands.as_slice() else { panic!() };
    assert_eq!(command.line, CommandLine::Program(vec!["echo".into(), "hi".into()]));
    assert_eq!(command.env, [("A".to_owned(), "1".to_owned())]);
    assert!(command.leader_only && command.ignore_errors);
    assert_eq!(command.test, Some(CommandLine::Shell("true".into())));
}

#[test]
fn what_cannot_be_understood_is_told() {
    #[track_caller]
    fn case(text: &str, expected: ProblemKind) {
        let kinds: Vec<_> = parse(text).problems.into_iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [expected]);
    }
    let shape = |section, expected, found| ProblemKind::Shape { section, expected, found };
    case("- a\n", ProblemKind::NotAMap { found: "a list" });
    case("container_command: {}\n", ProblemKind::UnknownSection { name: "container_command".into() });
    case("files: {}\nfiles: {}\n", ProblemKind::DuplicateSection { name: "files".into() });
    case(
        "commands: {a: {command: x}, a: {command: y}}\n",
        ProblemKind::DuplicateKey { section: "commands".into(), name: "a".into() },
    );
    case("option_settings:\n  DEBUG: 'false'\n", ProblemKind::NoNamespace { name: "DEBUG".into() });
    case("option_settings: x\n", shape("option_settings", "a map or a list", "a string"));
    case("option_settings: [a]\n", shape("option_settings", "a map", "a string"));
    case("commands: [a]\n", shape("commands", "a map", "a list"));
    case("commands: {a: {cwd: /}}\n", ProblemKind::Missing { section: "commands", key: "command" });
    case("files: {/a: {mode: '000644'}}\n", ProblemKind::Missing { section: "files", key: "content" });
}

#[test]
fn an_unreadable_file_has_one_problem() {
    let file = ConfigFile::parse("a.config", b"\xff\xfea\0");
    assert!(matches!(file.problems.as_slice(), [Problem { kind: ProblemKind::Encoding(_), .. }]));
    assert!(!file.is_used());
}
