//! Foreign words: the verbs and flags of other tools that people type by habit, and the line that does it here.
//!
//! The verbs of the EB CLI are those of its 3.27 (`eb --help`); the others are what builders of the field are used to.

/// What to type here instead of another tool's verb.
pub(super) fn verb(written: &str) -> Option<&'static str> {
    let hint = match written {
        "init" => {
            "`beansprout adopt` gives a project its deployment files, `beansprout new DIR` makes one; the application is made by the first `launch`"
        }
        "create" => "`beansprout launch NAME` shows the plan of a new environment, and with `--apply` makes it",
        "clone" => "`beansprout launch NAME --like OTHER` makes another environment of the kind",
        "terminate" => {
            "nothing here ends an environment; `beansprout status NAME` prints the `aws` line with which a person does"
        }
        "health" | "list" | "ls" | "ps" | "info" | "describe" => {
            "`beansprout status` shows the environments, `beansprout status NAME` one of them with its health"
        }
        "open" | "console" => "`beansprout status NAME` has the address of the site",
        "events" | "watch" => {
            "`beansprout wait --env NAME` follows what happens until it has ended; `beansprout logs --env NAME` tells why it failed"
        }
        "ssh" => {
            "`beansprout recipes ssh` has the ways onto an instance; `beansprout logs --env NAME` tells why a deployment failed"
        }
        "setenv" | "printenv" | "env" => {
            "properties belong to the environment: see them with `beansprout capture NAME`; set them in the console, or with `aws elasticbeanstalk update-environment`"
        }
        "config" => {
            "`beansprout capture NAME` writes what lives into its file, `beansprout explain OPTION` tells what an option is and who set it"
        }
        "scale" => {
            "the number of instances is `MinSize` and `MaxSize` of `.ebextensions`; `beansprout recipes scale` has the files"
        }
        "use" => {
            "each verb takes `--env NAME`; without it, the environment whose file in `environments/` names the git branch is taken"
        }
        "abort" => {
            "an update is aborted in the console or with `aws elasticbeanstalk abort-environment-update`; `beansprout rollback --env NAME` goes back afterwards"
        }
        "restart" => {
            "the application server is restarted in the console or with `aws elasticbeanstalk restart-app-server`"
        }
        "upgrade" | "platform" => {
            "`beansprout status NAME` tells how old a platform is; it is changed by managed updates (`beansprout recipes managed updates`) or in the console"
        }
        "restore" => {
            "an environment that is gone is made again with `beansprout launch NAME`; AWS itself can restore one for six weeks, with `aws elasticbeanstalk rebuild-environment`"
        }
        "appversion" | "releases" => {
            "`beansprout publish` makes a version, `beansprout versions` lists them, `beansprout prune` deletes old ones by a plan"
        }
        "local" | "run" | "serve" | "runserver" | "start" | "dev" => {
            "`beansprout up` runs the project on this machine as Elastic Beanstalk would"
        }
        "labs" => "`beansprout prune` cleans versions up; for the other things of `eb labs` there is nothing here",
        "tags" => "`beansprout publish --tag KEY=VALUE` tags a version; the tags of an environment are in its file",
        "migrate" => "`beansprout adopt` gives an existing project its deployment files",
        "codesource" => "what ships is told by `beansprout package --list`, and chosen with `--source`",
        "lint" | "validate" | "doctor" | "test" => "`beansprout check` finds what will go wrong",
        "fmt" | "fix" => "`beansprout check --fix` mends what can be mended without a decision",
        "build" | "bundle" | "zip" | "pack" => "`beansprout package` builds the source bundle",
        "push" | "upload" | "release" | "ship" => {
            "`beansprout publish` uploads the bundle and registers it, and with `--deploy ENV` deploys it"
        }
        "generate" | "scaffold" | "startproject" | "create-project" => "`beansprout new DIR` generates a project",
        "install" => "`beansprout recipes` finds what can be added, `beansprout add RECIPE` adds it",
        "undo" | "revert" => {
            "`beansprout rollback --env NAME` goes back to the version before; `beansprout publish --undo FILE` brings pruned versions back"
        }
        "delete" | "destroy" | "rm" | "remove" => {
            "nothing here deletes an application or an environment; old versions go with `beansprout prune`"
        }
        "download" | "pull" => {
            "`beansprout inspect version:LABEL` looks into a registered version, `beansprout diff version:LABEL` compares it"
        }
        "version" => "`beansprout --version`",
        _ => return None,
    };
    Some(hint)
}

/// What to type here instead of another tool's flag.
pub(super) fn flag(written: &str) -> Option<&'static str> {
    let hint = match written.split('=').next().unwrap_or_default() {
        "--staged" => "`--source index` takes what is staged",
        "--label" | "--version-label" | "-l" => "the label comes from the content; `publish` prints it",
        "--envvars" => "`launch --property KEY=VALUE` sets properties of a new environment",
        "--single" | "--elb-type" | "--instance-type" | "--scale" => {
            "that is an option of `.ebextensions`, or of `[options]` in `environments/NAME.toml`"
        }
        "--cfg" => "what a saved configuration says stands in `environments/NAME.toml`; `capture` writes it",
        "--environment" | "--env-name" | "--environment-name" => "it is `--env` here",
        "--application-name" | "--app" => "it is `--application` here",
        "--force" => "nothing here is forced: `--apply` carries out a plan that was shown, `--yes` answers questions",
        "--verbose" | "-v" | "--debug" => {
            "`.beansprout/audit.jsonl` has every call to AWS; `--json` has all that is known of a run"
        }
        _ => return None,
    };
    Some(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::program;

    /// The verbs of `eb --help`, and what people have been seen to type.
    const VERBS: [&str; 34] = [
        "abort",
        "appversion",
        "build",
        "clone",
        "codesource",
        "config",
        "console",
        "create",
        "doctor",
        "events",
        "fmt",
        "health",
        "init",
        "install",
        "labs",
        "lint",
        "list",
        "local",
        "migrate",
        "open",
        "platform",
        "printenv",
        "restart",
        "restore",
        "run",
        "scale",
        "serve",
        "setenv",
        "ssh",
        "tags",
        "terminate",
        "test",
        "upgrade",
        "use",
    ];

    #[test]
    fn foreign_verbs_lead_to_commands_that_exist() {
        let program = program();
        for written in VERBS {
            assert!(program.find_subcommand(written).is_none(), "`{written}` is ours: its line is never read");
            let hint = verb(written).unwrap_or_else(|| panic!("nothing is said of `{written}`"));
            let commands = hint.split('`').skip(1).step_by(2).filter_map(|line| line.strip_prefix("beansprout "));
            for command in commands {
                let mut here = &program;
                for word in command.split(' ') {
                    match word.strip_prefix("--") {
                        Some("version") => {}
                        Some(flag) => {
                            let known = here.get_arguments().any(|arg| arg.get_long() == Some(flag));
                            assert!(known, "`{written}`: no option `--{flag}` of `{command}`");
                        }
                        None => here = here.find_subcommand(word).unwrap_or(here),
                    }
                }
                assert!(
                    command == "--version" || here.get_name() != "beansprout",
                    "`{written}`: no command in `{command}`"
                );
            }
        }
    }
}
