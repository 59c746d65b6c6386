//! The EB CLI, unchanged and unaware, against the sandbox.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::harness::{Place, Run, ebcli, missing};
use crate::sandbox::start;

struct Eb<'a> {
    place: &'a Place,
    endpoint: &'a str,
}

impl Eb<'_> {
    /// Run `eb` with these words, and `yes` to its questions.
    #[track_caller]
    fn run(&self, words: &str) -> Run {
        self.shell(&format!("yes | {} {words}", self.program()))
    }

    /// The program. It waits minutes for events that do not come, which would be a failure.
    fn program(&self) -> String {
        format!("timeout 120 {}", ebcli().with_file_name("eb").display())
    }

    #[track_caller]
    fn shell(&self, line: &str) -> Run {
        let mut command = self.place.command("sh");
        command.args(["-c", line]).stdin(Stdio::null());
        command.envs(beansprout::sandbox::variables(self.endpoint));
        self.place.finish(command)
    }

    #[track_caller]
    fn says(&self, words: &str, expected: &[&str]) {
        let run = self.run(words);
        for text in expected {
            assert!(run.stdout.contains(text), "`eb {words}` does not say `{text}`\n{run}");
        }
        assert_eq!(run.exit, 0, "eb {words}\n{run}");
    }
}

#[test]
fn the_walk_of_the_eb_cli() {
    let place = Place::new().file("requirements.txt", "django\n").file("Procfile", "web: true\n").git();
    let (_running, endpoint) = start(&place, &[]);
    let eb = Eb { place: &place, endpoint: &endpoint };

    eb.says("init shop --region us-east-1 --platform 'Python 3.13'", &["Application shop has been created."]);
    eb.says("create shop-prod --single --cname shop-prod", &["Successfully launched environment: shop-prod"]);
    eb.says("deploy shop-prod --label v2", &["Upload Complete.", "Environment update completed successfully."]);
    eb.says(
        "status shop-prod",
        &["Deployed Version: v2", "Status: Ready", "Health: Green", "running on 64bit Amazon Linux 2023/"],
    );
    eb.says("events shop-prod", &["createEnvironment is starting.", "New application version was deployed"]);
    eb.says("appversion --create --label v3", &["Upload Complete."]);
    eb.says("create shop-blue --single --version v3", &["Successfully launched environment: shop-blue"]);
    eb.says("list", &["shop-blue", "shop-prod"]);
    eb.says("swap shop-prod --destination_name shop-blue", &["Completed swapping CNAMEs for environments"]);
    eb.says("status shop-blue", &["CNAME: shop-prod.us-east-1.elasticbeanstalk.com", "Deployed Version: v3"]);
    eb.says("setenv NAME=value -e shop-prod", &["Successfully deployed new configuration to environment."]);
    eb.says("printenv shop-prod", &["NAME = value"]);
    eb.says("logs shop-prod", &["eb-engine.log", "Deploying new version to instance(s)."]);
    eb.says("logs shop-prod --all", &["Logs were saved to"]);
    let saved = std::fs::read_dir(place.path(".elasticbeanstalk/logs")).unwrap();
    let saved: Vec<_> = saved.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    let engine = saved.iter().find_map(|dir| find(dir, "eb-engine.log")).unwrap();
    assert!(std::fs::read_to_string(engine).unwrap().contains("Environment update completed"));
    eb.says("logs shop-prod --zip", &["Logs were saved to"]);
    eb.says("tags shop-prod --add team=web", &["Environment tag update completed successfully."]);
    eb.says("tags shop-prod --list", &["team", "web"]);
    let run = eb.run("appversion --delete v3");
    assert!(run.exit != 0 && run.to_string().contains("deployed to Environments: shop-blue"), "{run}");
    eb.says("health shop-prod", &["shop-prod", "Ok", "Deployed"]);
    eb.says("config save shop-prod --cfg kept", &["Configuration saved at:"]);
    let kept = place.read(".elasticbeanstalk/saved_configs/kept.cfg.yml");
    assert!(kept.contains("\"NAME\": \"value\"") && kept.contains("PlatformArn:"), "{kept}");
    place.write(".elasticbeanstalk/saved_configs/kept.cfg.yml", kept.replace("\"value\"", "\"other\""));
    eb.says("config put kept", &[]);
    eb.says("config list", &["kept"]);
    eb.says("config get kept", &["Configuration saved at:"]);
    eb.says("create shop-kept --cfg kept --single", &["Successfully launched environment: shop-kept"]);
    eb.says("printenv shop-kept", &["NAME = other"]);
    eb.says("config shop-kept --cfg kept", &["Successfully deployed new configuration to environment."]);
    eb.says("clone shop-prod -n shop-copy --exact", &["Successfully launched environment: shop-copy"]);
    eb.says("printenv shop-copy", &["NAME = value"]);
    eb.says("clone shop-prod -n shop-like", &["Successfully launched environment: shop-like"]);
    eb.says("printenv shop-like", &["NAME = value"]);
    eb.says("upgrade shop-copy --force", &[]);
    eb.says("appversion lifecycle -p", &["MaxCountRule", "MaxAgeRule"]);
    eb.says("config delete kept", &[]);
    eb.says("terminate shop-blue --force", &["terminateEnvironment completed successfully."]);
    eb.says("appversion --delete v3", &["deleted"]);
    let run = eb.run("status shop-blue");
    assert!(run.exit != 0 && run.to_string().contains("not Found"), "{run}");
    eb.says("terminate --all --force", &["terminateEnvironment completed successfully."]);
}

/// A file of this name below a folder.
fn find(dir: &Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path()).find_map(|path| match path.is_dir() {
        true => find(&path, name),
        false => path.file_name().is_some_and(|file| file == name).then_some(path),
    })
}

/// What people do with environments that are there: size, settings by an editor, second thoughts, second lives.
#[test]
fn environments_are_changed_and_brought_back() {
    let faults = r#"[{"on": "UpdateEnvironment", "with": {"VersionLabel": "v3"}, "fault": "deployment-hangs"}]"#;
    let place = Place::new().file("requirements.txt", "django\n").file("faults.json", faults).git();
    let (_running, endpoint) = start(&place, &["--faults", "faults.json"]);
    let eb = Eb { place: &place, endpoint: &endpoint };
    eb.says("init shop --region us-east-1 --platform 'Python 3.13'", &[]);
    eb.says("create shop-prod --single --cname shop-prod", &["Successfully launched environment: shop-prod"]);
    eb.says("scale 2 shop-prod", &["Successfully deployed new configuration to environment."]);
    let shown = eb.shell(&format!("{} config shop-prod --display", eb.program())).ok();
    assert!(shown.stdout.contains("MaxSize: '2'") && shown.stdout.contains("MinSize: '2'"), "{shown}");
    let update = "--update \"{OptionSettings: {'aws:autoscaling:asg': {MaxSize: '5'}}}\"";
    eb.shell(&format!("{} config shop-prod {update}", eb.program())).ok();
    let shown = eb.shell(&format!("{} config shop-prod --display", eb.program())).ok();
    assert!(shown.stdout.contains("MaxSize: '5'"), "{shown}");
    if !missing("script", "bsdutils") {
        // With a terminal it opens an editor.
        place.write("edit.sh", "#!/bin/sh\nsed -i \"s/MaxSize: .*/MaxSize: '7'/\" \"$1\"\n");
        let edit = format!("EDITOR='sh {}' script -qec '{} config shop-prod' /dev/null", "./edit.sh", eb.program());
        let run = eb.shell(&edit).ok();
        assert!(run.stdout.contains("Successfully deployed new configuration to environment."), "{run}");
        let shown = eb.shell(&format!("{} config shop-prod --display", eb.program())).ok();
        assert!(shown.stdout.contains("MaxSize: '7'"), "{shown}");
    }

    eb.says("appversion --create --label v3", &["Upload Complete."]);
    eb.says("deploy shop-prod --version v3 --nohang", &[]);
    eb.says("abort shop-prod", &["Aborting update to environment \"shop-prod\"."]);
    let status = eb.run("status shop-prod").ok().stdout;
    assert!(status.contains("Status: Ready") && !status.contains("Deployed Version: v3"), "{status}");
    let run = eb.run("abort shop-prod");
    assert!(run.exit != 0 && run.to_string().contains("Must be pending deployment."), "{run}");

    let (_, id) = status.split_once("Environment ID: ").unwrap();
    let id = id.lines().next().unwrap().trim();
    eb.says("terminate shop-prod --force", &["terminateEnvironment completed successfully."]);
    eb.says(&format!("restore {id}"), &["Successfully launched environment: shop-prod"]);
    eb.says("status shop-prod", &["Status: Ready", "CNAME: shop-prod.us-east-1.elasticbeanstalk.com"]);
}

/// The same program where versions really run.
#[test]
fn what_it_deploys_runs() {
    const SERVER: &str = "import http.server, os\n\
        http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), http.server.SimpleHTTPRequestHandler).serve_forever()\n";
    let place = Place::new().file("Procfile", "web: python server.py\n").file("server.py", SERVER).git();
    let (_running, endpoint) = start(&place, &["--run"]);
    let eb = Eb { place: &place, endpoint: &endpoint };
    let commit = || drop(place.sh("git", &["commit", "-qam", "next"]));
    eb.says("init shop --region us-east-1 --platform 'Python 3.13'", &[]);
    eb.says(
        "create shop-prod --single",
        &["The sandbox serves shop-prod at http://127.0.0.1:", "Successfully launched"],
    );
    place.write("server.py", format!("# the second\n{SERVER}"));
    commit();
    eb.says("deploy shop-prod --label v2", &["Environment update completed successfully."]);
    eb.says("setenv NAME=value -e shop-prod", &["Successfully deployed new configuration to environment."]);
    let events = eb.run("events shop-prod").ok().stdout;
    let (_, site) = events.rsplit_once("The sandbox serves shop-prod at ").unwrap();
    let page =
        crate::sandbox::raw(site.lines().next().unwrap().trim().trim_end_matches('/'), "GET /server.py HTTP/1.0\n\n");
    assert!(page.contains("# the second"), "{page}");
    eb.says("status shop-prod", &["Deployed Version: v2", "Health: Green"]);
    eb.says("health shop-prod", &["shop-prod", "Ok"]);
    eb.says("logs shop-prod", &["eb-engine.log", "Executing instruction: StageApplication"]);
    eb.says("logs shop-prod --all", &["Logs were saved to"]);
    std::fs::create_dir_all(place.path(".platform/hooks/predeploy")).unwrap();
    place.write(".platform/hooks/predeploy/01_fails.sh", "#!/bin/bash\necho no luck today\nexit 1\n");
    place.sh("git", &["add", "-A"]);
    commit();
    let run = eb.run("deploy shop-prod --label v3");
    assert!(run.exit != 0 && run.to_string().contains("Failed to deploy application."), "{run}");
    eb.says("status shop-prod", &["Deployed Version: v2"]);
    eb.says("terminate shop-prod --force", &["terminateEnvironment completed successfully."]);
}

#[test]
fn a_failed_deployment_is_a_failure() {
    let rule = r#"[{"on": "UpdateEnvironment", "fault": "deployment-fails"}]"#;
    let place = Place::new().file("faults.json", rule).file("requirements.txt", "django\n").git();
    let (_running, endpoint) = start(&place, &["--faults", "faults.json"]);
    let eb = Eb { place: &place, endpoint: &endpoint };
    eb.says("init shop --region us-east-1 --platform 'Python 3.13'", &[]);
    eb.says("create shop-prod --single", &["Successfully launched environment: shop-prod"]);
    let run = eb.run("deploy shop-prod --label v2");
    assert!(run.exit != 0 && run.to_string().contains("ERROR: ServiceError - Failed to deploy application."), "{run}");
}
