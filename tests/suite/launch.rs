//! `launch`: what is described and not there is created, and nothing else happens.

use beansprout::sandbox::{self, Injection, Server, Settings, Speed};
use beansprout::world::World;
use serde_json::Value;

use crate::harness::{Place, Run, copy, python};
use crate::publish::calls;
use crate::sandbox::rule;
use crate::swap::Answering;

/// A generated project, and an AWS of its own.
pub(crate) struct Site {
    pub(crate) place: Place,
}

pub(crate) const STATE: &str = ".beansprout/aws";

/// The calls of Elastic Beanstalk and S3 that change something.
pub(crate) fn writes(calls: &[String]) -> Vec<&str> {
    let writes = |call: &&String| {
        let operation = call.split(':').nth(1).unwrap();
        ["Create", "Update", "Put", "Delete", "Terminate", "Swap", "Rebuild", "Complete", "Upload"]
            .iter()
            .any(|word| operation.starts_with(word))
            // Asking where the bucket is makes it, if it is not there.
            && operation != "CreateStorageLocation"
    };
    calls.iter().filter(writes).map(String::as_str).collect()
}

impl Site {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        place.run(["new", "shop", "--defaults"]).ok();
        Self { place: place.enter("shop") }
    }

    /// A project that is small, with a description or several.
    pub(crate) fn small() -> Self {
        let place = Place::new()
            .file("beansprout.toml", "[project]\nname = 'shop'\n")
            .file(
                ".elasticbeanstalk/config.yml",
                "global:\n  default_platform: Python 3.13 running on 64bit Amazon Linux 2023\n",
            )
            .file("Procfile", "web: gunicorn shop.wsgi\n")
            .file("requirements.txt", "Django==5.2\ngunicorn==23.0\n")
            .file("app.py", "print('hello')\n");
        Self { place }
    }

    pub(crate) fn server(&self) -> Server {
        self.server_at(STATE)
    }

    pub(crate) fn server_at(&self, state: &str) -> Server {
        Server::start(Settings::new(&World::real().unwrap(), self.place.path(state))).unwrap()
    }

    #[track_caller]
    pub(crate) fn run(&self, server: &Server, arguments: &[&str]) -> Run {
        let mut command = self.place.beansprout(arguments);
        command.envs(sandbox::variables(&server.endpoint()));
        self.place.finish(command)
    }

    /// What another client sees.
    #[track_caller]
    pub(crate) fn python(&self, server: &Server, code: &str) -> String {
        let mut command = self.place.command(python());
        command.args(["-c", &format!("import boto3, json\neb = boto3.client('elasticbeanstalk')\n{code}")]);
        command.envs(sandbox::variables(&server.endpoint()));
        self.place.finish(command).ok().stdout.trim().to_owned()
    }

    pub(crate) fn settings(&self, server: &Server, name: &str) -> Value {
        let code = format!(
            "s = eb.describe_configuration_settings(ApplicationName='shop', EnvironmentName='{name}')['ConfigurationSettings'][0]\n\
             print(json.dumps({{o['OptionName']: o.get('Value') for o in s['OptionSettings']}}))"
        );
        serde_json::from_str(&self.python(server, &code)).unwrap()
    }

    pub(crate) fn describe(&self, name: &str, rest: &str) {
        let text = format!(
            "format = \"beansprout.environment/1\"\nplatform = \"Python 3.13 running on 64bit Amazon Linux 2023\"\n{rest}"
        );
        self.place.write(&format!("environments/{name}.toml"), text);
    }
}

#[test]
fn from_an_empty_folder_to_an_environment() {
    let site = Site::new();
    let server = site.server();
    let plan = site.run(&server, &["launch", "shop-production"]).ok();
    assert!(plan.stdout.contains("creates application `shop`"), "{plan}");
    assert!(plan.stdout.contains("SECRET_KEY = (50 random characters)"), "{plan}");
    assert!(plan.stdout.contains("1 × t3.small"), "{plan}");
    assert!(plan.stdout.contains("aws iam create-role --role-name aws-elasticbeanstalk-ec2-role"), "{plan}");
    assert!(plan.stdout.ends_with("`beansprout launch shop-production --apply` does it\n"), "{plan}");
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());

    let plan = site.run(&server, &["launch", "shop-production", "--json"]).ok().document("launch-plan/1");
    let sent = plan["waves"][0][0]["options"].as_array().unwrap();
    // Only what no file of the project says.
    let names: Vec<&str> = sent.iter().map(|sent| sent["option"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "aws:autoscaling:launchconfiguration/IamInstanceProfile",
            "aws:elasticbeanstalk:application:environment/SECRET_KEY",
        ]
    );
    calls(&site.place, STATE);

    let launched = site.run(&server, &["launch", "shop-production", "--apply", "--json"]).ok().document("launch/1");
    assert_eq!(launched["environments"][0]["outcome"], "launched");
    assert!(launched["environments"][0]["url"].as_str().unwrap().starts_with("http://shop-production."));
    assert_eq!(
        writes(&calls(&site.place, STATE)),
        [
            "elasticbeanstalk:CreateApplication",
            "s3:PutObject",
            "elasticbeanstalk:CreateApplicationVersion",
            "elasticbeanstalk:CreateEnvironment",
            "s3:PutObject",
        ]
    );
    let file = site.place.read("environments/shop-production.toml");
    assert!(file.contains("account = \"000000000000\"") || file.contains("account = \""), "{file}");
    assert!(file.contains("SECRET_KEY = { random = 50 }"), "{file}");
    let secret = site.settings(&server, "shop-production")["SECRET_KEY"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), 50);
    for path in ["environments/shop-production.toml", ".beansprout/audit.jsonl"] {
        assert!(!site.place.read(path).contains(&secret), "{path}");
    }

    // Twice the same is once.
    let again = site.run(&server, &["launch", "shop-production", "--apply"]).ok();
    assert!(again.stdout.starts_with("unchanged: `shop-production` is there"), "{again}");
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());

    // A deployment has a way back from the first day on.
    site.place.write("welcome/extra.py", "x = 1\n");
    site.run(&server, &["publish", "--deploy", "shop-production", "--wait"]).ok();
    site.run(&server, &["rollback", "--env", "shop-production"]).ok();
}

#[test]
fn everything_comes_back_from_the_buckets_and_the_files() {
    let site = Site::small();
    site.describe("shop-apis", "");
    site.describe(
        "shop-site",
        "after = [\"shop-apis\"]\ncname = \"shop\"\n[properties]\nAPI_URL = { from = \"shop-apis\", what = \"url\" }\n",
    );
    let server = site.server();
    site.run(&server, &["launch", "--all", "--apply"]).ok();
    let before = site.settings(&server, "shop-site");
    assert!(before["API_URL"].as_str().unwrap().starts_with("http://shop-apis."), "{before}");
    // A version that the project does not hold any more.
    let labels = "print(sorted((e['EnvironmentName'], e['VersionLabel'], e['CNAME'].split('.')[0]) for e in eb.describe_environments()['Environments']))";
    let there = site.python(&server, labels);
    site.place.write("app.py", "print('goodbye')\n");
    drop(server);

    // All that deleting the application leaves.
    copy(&site.place.path(STATE).join("buckets"), &site.place.path(".beansprout/second/buckets"));
    let server = site.server_at(".beansprout/second");
    let plan = site.run(&server, &["launch", "--all", "--json"]).ok().document("launch-plan/1");
    assert_eq!(plan["waves"].as_array().unwrap().len(), 2, "{plan}");
    assert_eq!(plan["waves"][0][0]["why"], "ran");
    site.run(&server, &["launch", "--all", "--apply"]).ok();
    assert_eq!(site.python(&server, labels), there);
    calls(&site.place, ".beansprout/second");
    site.run(&server, &["launch", "--all", "--apply"]).ok();
    assert_eq!(writes(&calls(&site.place, ".beansprout/second")), Vec::<&str>::new());
    // What came back is what the files say.
    site.run(&server, &["capture", "--check"]).ok();
}

#[test]
fn all_problems_are_told_and_nothing_is_done() {
    let site = Site::small();
    let server = site.server();
    site.python(&server, "eb.create_application(ApplicationName='other')\neb.create_environment(ApplicationName='other', EnvironmentName='shop-site', SolutionStackName=[s for s in eb.list_available_solution_stacks()['SolutionStacks'] if 'Python' in s][0], CNAMEPrefix='shop')");
    site.describe("shop-site", "");
    site.describe("shop-asks", "[properties]\nTOKEN = { ask = true }\n");
    site.place.write(
        "environments/shop-gone.toml",
        "format = \"beansprout.environment/1\"\nplatform = \"Python 2.7\"\n[version]\nlabel = \"shop-0123456789ab\"\n",
    );
    calls(&site.place, STATE);
    let run = site.run(&server, &["launch", "--all", "--apply"]).exit(7);
    for words in [
        "`shop-site` is an environment of application `other`",
        "`shop-asks`: nobody said what `TOKEN` shall be",
        "`shop-gone`: no version of `Python 2.7` is recommended",
        "version `shop-0123456789ab` is not registered, and its bundle is not in the bucket",
        "--property TOKEN=VALUE",
        "there are `Python 3.14 running on 64bit Amazon Linux 2023`",
    ] {
        assert!(run.stderr.contains(words), "{words}\n{run}");
    }
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());

    site.run(&server, &["launch", "shop-asks"]).exit(2);
    site.run(&server, &["launch", "shop-gone"]).exit(3);
    site.describe("shop-here", "account = \"999999999999\"\n");
    let run = site.run(&server, &["launch", "shop-here"]).exit(1);
    assert!(run.stderr.contains("belongs to account 999999999999"), "{run}");
    site.run(&server, &["launch", "shop-here", "--elsewhere"]).ok();
    site.describe("shop-loop", "after = [\"shop-back\"]\n");
    site.describe("shop-back", "after = [\"shop-loop\"]\n");
    let run = site.run(&server, &["launch", "shop-loop", "shop-back"]).exit(3);
    assert!(run.stderr.contains("`shop-loop` → `shop-back` → `shop-loop`"), "{run}");
    site.place.write("environments/shop-bad.toml", "format = \"beansprout.environment/1\"\nregoin = \"x\"\n");
    let run = site.run(&server, &["launch", "shop-bad"]).exit(3);
    assert!(run.stderr.contains("unknown field `regoin`"), "{run}");
    // Its own trouble is told, beside a word of the file that is left.
    let run = site.run(&server, &["launch", "shop-site"]).exit(7);
    assert!(run.stderr.contains("left: `environments/shop-bad.toml`"), "{run}");
}

#[test]
fn a_name_in_dns_may_be_taken() {
    let site = Site::small();
    let server = site.server();
    site.describe("shop-blue", "cname = \"shop\"\n");
    site.describe("shop-next", "cname = \"shop\"\n");
    site.run(&server, &["launch", "shop-blue", "--apply"]).ok();
    site.run(&server, &["launch", "shop-next", "--require-cname"]).exit(7);
    let plan = site.run(&server, &["launch", "shop-next"]).ok();
    assert!(plan.stdout.contains("`beansprout swap shop-blue shop-next` brings it here"), "{plan}");
    let launched = site.run(&server, &["launch", "shop-next", "--apply", "--json"]).ok().json();
    assert!(launched["environments"][0]["url"].as_str().unwrap().starts_with("http://shop-next."), "{launched}");
}

#[test]
fn what_is_typed_stands_in_no_file_and_in_no_word() {
    let site = Site::small();
    let server = site.server();
    let secret = "hunter2-hunter2";
    let property = format!("DATABASE_URL=postgres://{secret}");
    let arguments = ["launch", "shop-prod", "--property", &property, "--property", "KEY=@random"];
    let plan = site.run(&server, &arguments).ok();
    assert!(plan.stdout.contains("--property DATABASE_URL=VALUE --property KEY=@random --apply"), "{plan}");
    let launched = site.run(&server, &[&arguments[..], &["--apply"]].concat()).ok();
    for run in [&plan, &launched] {
        assert!(!format!("{run}").contains(secret), "{run}");
    }
    let file = site.place.read("environments/shop-prod.toml");
    assert!(file.contains("DATABASE_URL = { ask = true }"), "{file}");
    assert!(file.contains("KEY = { random = 50 }"), "{file}");
    assert!(file.contains("stage = \"prod\""), "{file}");
    assert!(!site.place.read(".beansprout/audit.jsonl").contains(secret));
    assert!(site.settings(&server, "shop-prod")["DATABASE_URL"].as_str().unwrap().contains(secret));
}

/// A site that did not answer as it should is not well because somebody asks again.
#[test]
fn a_site_is_asked_however_often_it_is_launched() {
    let site = Site::small();
    site.describe("shop-prod", "[deploy]\nsmoke = [\"/health/\"]\n");
    let launch = ["launch", "shop-prod", "--apply", "--json"];
    let server = site.server();
    site.run(&server, &launch).ok();
    drop(server);
    let answering = Answering::start(|number| if number < 2 { 503 } else { 200 });
    answering.serve(&site, "shop-prod");
    let server = site.server();
    for status in [503, 503, 200] {
        let run = site.run(&server, &launch).exit(i32::from(status != 200));
        let launched = run.document("launch/1");
        assert_eq!(launched["environments"][0]["outcome"], "unchanged", "{run}");
        assert_eq!(launched["environments"][0]["smoke"][0]["status"], status, "{run}");
    }
}

#[test]
fn files_stay_in_charge() {
    let site = Site::small();
    site.place.write(
        ".ebextensions/a.config",
        "option_settings:\n  aws:autoscaling:asg: {MaxSize: 4}\n  aws:elasticbeanstalk:command: {Timeout: 900}\n",
    );
    site.describe(
        "shop-prod",
        "[options]\n\"aws:autoscaling:asg/MaxSize\" = 4\n\"aws:elasticbeanstalk:command/Timeout\" = \"600\"\n",
    );
    let server = site.server();
    let plan = site.run(&server, &["launch", "shop-prod", "--json"]).ok().document("launch-plan/1");
    let sent = plan["waves"][0][0]["options"].as_array().unwrap();
    assert_eq!(sent.len(), 2, "{plan}");
    assert_eq!(sent[1]["option"], "aws:elasticbeanstalk:command/Timeout");
    assert_eq!(sent[1]["outranks"]["line"], 3);
    assert!(plan["notes"][0].as_str().unwrap().contains("outranks .ebextensions/a.config:3"), "{plan}");
}

#[test]
fn another_like_one() {
    let site = Site::small();
    site.describe(
        "shop-blue",
        "cname = \"shop\"\n[tags]\nteam = \"web\"\n[options]\n\"aws:autoscaling:asg/MaxSize\" = \"3\"\n[deploy]\nbranches = [\"main\"]\nsettle = 20\n",
    );
    let server = site.server();
    site.run(&server, &["launch", "shop-green", "--like", "shop-blue", "--apply"]).ok();
    let file = site.place.read("environments/shop-green.toml");
    for words in ["team = \"web\"", "MaxSize", "settle = 20"] {
        assert!(file.contains(words), "{file}");
    }
    assert!(!file.contains("cname") && !file.contains("branches"), "{file}");
    site.run(&server, &["launch", "shop-blue", "--like", "shop-green"]).exit(2);
    site.run(&server, &["launch", "shop-pink", "--like", "shop-none"]).exit(2);
}

#[test]
fn an_option_that_is_refused_is_named_with_its_place() {
    let site = Site::small();
    site.describe("shop-prod", "[options]\n\"aws:elasticbeanstalk:command/Timeout\" = \"soon\"\n");
    let server = site.server();
    let run = site.run(&server, &["launch", "shop-prod", "--apply"]).exit(3);
    assert!(run.stderr.contains("`soon` is not a number") || run.stderr.contains("'soon' is not a number"), "{run}");
    assert!(run.stderr.contains("environments/shop-prod.toml"), "{run}");
}

#[test]
fn the_application_is_as_its_file_says() {
    let site = Site::small();
    site.describe("shop-prod", "");
    site.place.write(
        "environments/_application.toml",
        "format = \"beansprout.application/1\"\ndescription = \"The shop\"\n[tags]\nteam = \"web\"\n[lifecycle]\nmax_count = 50\n",
    );
    let server = site.server();
    site.run(&server, &["launch", "shop-prod", "--apply"]).ok();
    let said = site.python(
        &server,
        "a = eb.describe_applications(ApplicationNames=['shop'])['Applications'][0]\n\
         t = eb.list_tags_for_resource(ResourceArn=a['ApplicationArn'])['ResourceTags']\n\
         print(a['Description'], a['ResourceLifecycleConfig']['VersionLifecycleConfig']['MaxCountRule']['MaxCount'], t)",
    );
    assert!(said.starts_with("The shop 50 ") && said.contains("'team'"), "{said}");
}

/// The folder of descriptions is nothing that ships, and a package of that name is.
#[test]
fn descriptions_never_ship() {
    let site = Site::small();
    site.place.write("environments/__init__.py", "");
    let before = site.place.run(["package", "--dry-run", "--json"]).ok().json()["digest"].clone();
    site.describe("shop-prod", "");
    site.place.write("environments/_application.toml", "format = \"beansprout.application/1\"\n");
    site.place.write("environments/_drills.jsonl", "{}\n");
    let listed = site.place.run(["package", "--list"]).ok();
    assert!(listed.stdout.contains("environments/__init__.py"), "{listed}");
    assert!(!listed.stdout.contains("shop-prod"), "{listed}");
    assert_eq!(site.place.run(["package", "--dry-run", "--json"]).ok().json()["digest"], before);
    let eb_cli = site.place.run(["package", "--list", "--ignore", "eb-cli"]).ok();
    assert!(!eb_cli.stdout.contains("shop-prod"), "{eb_cli}");
    let why = site.place.run(["package", "--why", "environments/shop-prod.toml"]).ok();
    assert!(why.stdout.contains("`environments/*.toml` never ships"), "{why}");
    let place = site.place.git();
    for source in ["index", "HEAD"] {
        let listed = place.run(["package", "--list", "--source", source]).ok();
        assert!(listed.stdout.contains("environments/__init__.py") && !listed.stdout.contains("shop-prod"), "{listed}");
    }
}

#[test]
fn status_tells_what_is_there_and_how_to_end_it() {
    let site = Site::small();
    site.describe("shop-prod", "");
    site.describe("shop-gone", "");
    let server = site.server();
    let run = site.run(&server, &["status", "shop-prod"]).ok();
    assert!(run.stdout.contains("`shop-prod` is described, and not there"), "{run}");
    site.run(&server, &["launch", "shop-prod", "--apply"]).ok();
    calls(&site.place, STATE);
    let run = site.run(&server, &["status"]).ok();
    assert!(run.stdout.contains("shop-gone  not there"), "{run}");
    assert!(run.stdout.contains("shop-prod  good"), "{run}");
    site.run(&server, &["status", "--check"]).exit(1);
    site.run(&server, &["status", "shop-prod", "--check"]).ok();
    let one = site.run(&server, &["status", "shop-prod", "--json"]).ok().document("status/1");
    let environment = &one["environments"][0];
    assert_eq!(environment["details"]["platform"]["recommended"], environment["details"]["platform"]["version"]);
    let id = environment["id"].as_str().unwrap();
    let line = format!("aws elasticbeanstalk terminate-environment --region us-east-1 --environment-id {id}");
    assert_eq!(environment["ending"], line.as_str());
    // It only looks.
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());
    let run = site.run(&server, &["status", "shop-none"]).exit(3);
    assert!(run.stderr.contains("`beansprout launch shop-none` shows what creating it would be"), "{run}");
}

/// Whoever reads what came of an environment sees which tree it is, how old, and how much room there is.
#[test]
fn status_tells_which_commit_runs() {
    let site = Site::small();
    let site = Site { place: site.place.git() };
    let server = site.server();
    site.run(&server, &["launch", "shop-prod", "--apply"]).ok();
    let status = || site.run(&server, &["status", "shop-prod", "--json"]).ok().document("status/1");
    let first = status();
    let one = &first["environments"][0];
    let commit = site.place.sh("git", &["rev-parse", "HEAD"]);
    assert_eq!(one["commit"], commit[..12]);
    assert_eq!(one["behind"], 0);
    assert!(one["label"].as_str().unwrap().ends_with(&one["digest"].as_str().unwrap()[..12]), "{one}");
    assert_eq!(one["details"]["quota"]["used"], 1);
    site.place.sh("git", &["commit", "-q", "--allow-empty", "-m", "second"]);
    assert_eq!(status()["environments"][0]["behind"], 1);
    let run = site.run(&server, &["status", "shop-prod"]).ok();
    assert!(run.stdout.contains(&format!("commit    {}, 1 commit behind the work tree", &commit[..12])), "{run}");
    assert!(run.stdout.contains("1 of 1000 versions in us-east-1 are used"), "{run}");
    // Somebody else has released what is not checked out here.
    site.place.write("app.py", "print('third')\n");
    site.place.sh("git", &["commit", "-qam", "third"]);
    site.run(&server, &["publish", "--deploy", "shop-prod"]).ok();
    site.place.sh("git", &["checkout", "-q", "HEAD~2"]);
    let older = status();
    assert_eq!(older["environments"][0]["behind"], 0);
    assert_eq!(older["environments"][0]["ahead"], 2);
    let run = site.run(&server, &["status", "shop-prod"]).ok();
    assert!(run.stdout.contains(", 2 commits ahead of the work tree, which is older"), "{run}");
    site.place.write("app.py", "print('other')\n");
    site.place.sh("git", &["commit", "-qam", "other"]);
    let run = site.run(&server, &["status", "shop-prod"]).ok();
    assert!(run.stdout.contains(", 2 commits ahead of the work tree, which has 1 commit of its own"), "{run}");
}

/// What there is in a region is asked once, whatever is made of it.
#[test]
fn a_region_is_looked_at_once() {
    let site = Site::small();
    site.describe("shop-prod", "");
    site.describe("shop-test", "");
    let server = site.server();
    site.run(&server, &["launch", "--all", "--apply"]).ok();
    site.python(&server, "eb.create_application(ApplicationName='drill-a1')");
    let cases: [(&[&str], i32); 5] = [
        (&["status"], 0),
        (&["status", "shop-prod"], 0),
        (&["diff", "env:shop-prod", "env:shop-test"], 0),
        (&["capture", "--check"], 0),
        (&["drill", "--check"], 0),
    ];
    for (arguments, exit) in cases {
        calls(&site.place, STATE);
        site.run(&server, arguments).exit(exit);
        let asked = calls(&site.place, STATE);
        for operation in ["DescribeEnvironments", "DescribeApplications"] {
            let times = asked.iter().filter(|call| call.ends_with(&format!(":{operation}"))).count();
            assert!(times <= 1, "{operation} of {arguments:?}: {times} in {asked:?}");
        }
    }
}

/// What it will be is not known while it moves, so nobody says that nothing differs.
#[test]
fn what_moves_is_not_compared() {
    let site = Site::small();
    let settings = Settings::new(&World::real().unwrap(), site.place.path(STATE));
    let server = Server::start(Settings { speed: Speed::Stepped, ..settings }).unwrap();
    site.run(&server, &["launch", "shop-prod", "--apply", "--no-wait"]).ok();
    let run = site.run(&server, &["status", "shop-prod"]).ok();
    assert!(run.stdout.contains("drift     not known"), "{run}");
    let status = site.run(&server, &["status", "shop-prod", "--json"]).ok().json();
    assert!(status["environments"][0]["differences"].is_null(), "{status}");
}

/// A command that is printed finds AWS as the one that printed it.
#[test]
fn printed_commands_lead_to_the_same_aws() {
    let site = Site::small();
    let found = ["--region", "eu-west-1", "--sandbox", "--call-timeout", "20"];
    let words = found.join(" ");
    let run = |arguments: &[&str]| site.place.run([arguments, &found].concat());
    let plan = run(&["launch", "shop-prod", "--timeout", "100"]).ok();
    let line = format!("`beansprout launch shop-prod --timeout 100 {words} --apply` does it\n");
    assert!(plan.stdout.ends_with(&line), "{plan}");
    // A file is shown as it will be written.
    assert!(plan.stdout.contains("as `beansprout launch` makes it. `beansprout capture` keeps"), "{plan}");
    let unknown = run(&["status", "shop-none"]).exit(3);
    assert!(unknown.stderr.contains(&format!("`beansprout launch shop-none {words}` shows")), "{unknown}");
    let unknown = run(&["status", "shop-none", "--json"]).exit(3);
    assert!(unknown.json()["error"]["hint"].as_str().unwrap().contains(&words), "{unknown}");
    run(&["launch", "shop-blue", "shop-green", "--apply"]).ok();
    let plan = run(&["drill", "--aws", "--id", "a1b2"]).ok();
    assert!(
        plan.stdout.ends_with(&format!(
            "`beansprout drill --aws --id a1b2 {words} --apply` does it, and costs money until somebody ends it\n"
        )),
        "{plan}"
    );
    let status = run(&["status", "shop-blue"]).ok();
    assert!(status.stdout.contains("`shop-blue` (e-"), "{status}");
}

/// A launch takes the bundle that was captured, and no other that came to lie in its place.
#[test]
fn other_bytes_are_not_launched() {
    let site = Site::small();
    let server = site.server();
    site.run(&server, &["launch", "shop-prod", "--apply"]).ok();
    site.place.write("app.py", "print('next')\n");
    site.run(&server, &["publish", "--deploy", "shop-prod"]).ok();
    site.run(&server, &["capture"]).ok();
    let file = site.place.read("environments/shop-prod.toml");
    let captured: toml::Table = file.parse().unwrap();
    let version = captured["version"].as_table().unwrap();
    let (bucket, key) = (version["bundle"]["bucket"].as_str().unwrap(), version["bundle"]["key"].as_str().unwrap());
    let object = site.python(
        &server,
        &format!(
            "import hashlib\nb = boto3.client('s3').get_object(Bucket='{bucket}', Key='{key}')['Body'].read()\nprint(hashlib.sha256(b).hexdigest(), len(b))"
        ),
    );
    let bundle = &version["bundle"];
    assert_eq!(object, format!("{} {}", bundle["sha256"].as_str().unwrap(), bundle["bytes"]));
    // What a rollback would take, also where the record of it is gone.
    let before = version["before"].as_str().unwrap().to_owned();
    assert!(before.starts_with("shop-") && before != version["label"].as_str().unwrap(), "{file}");
    site.python(
        &server,
        &format!(
            "b = boto3.resource('s3').Bucket('{bucket}')\nfor o in b.objects.all():\n    o.delete() if '/deployments/' in o.key or '/operations/' in o.key else None"
        ),
    );
    let back = site.run(&server, &["rollback", "--env", "shop-prod", "--dry-run"]).ok();
    assert!(back.stderr.contains(&format!("would roll `shop-prod` back to `{before}`")), "{back}");

    let other = site.place.read("environments/shop-prod.toml").replace("shop-prod", "shop-copy");
    site.place.write("environments/shop-copy.toml", other.replace("cname = \"shop-copy\"\n", ""));
    site.run(&server, &["launch", "shop-copy"]).ok();
    site.python(
        &server,
        &format!(
            "import io, zipfile\nf = io.BytesIO()\nzipfile.ZipFile(f, 'w').writestr('app.py', 'other')\nboto3.client('s3').put_object(Bucket='{bucket}', Key='{key}', Body=f.getvalue())"
        ),
    );
    let run = site.run(&server, &["launch", "shop-copy"]).exit(7);
    assert!(run.stderr.contains("holds other bytes than `environments/shop-copy.toml` has for"), "{run}");
}

/// What is gone for one environment is gone for all of a run.
#[test]
fn a_bundle_that_is_gone_is_asked_for_once() {
    let site = Site::small();
    let server = site.server();
    let label = site.run(&server, &["publish", "--create-application", "--json"]).ok().json();
    let (label, at) = (label["label"].as_str().unwrap(), &label["bundle"]);
    site.python(&server, &format!("boto3.client('s3').delete_object(Bucket={}, Key={})", at["bucket"], at["key"]));
    let mut asked = Vec::new();
    for names in [&["shop-a"][..], &["shop-a", "shop-b"]] {
        calls(&site.place, STATE);
        site.run(&server, &[&["launch", "--version", label], names].concat());
        let all = calls(&site.place, STATE);
        asked.push(all.into_iter().filter(|call| call.starts_with("s3:")).collect::<Vec<_>>());
    }
    assert!(!asked[0].is_empty());
    assert_eq!(asked[0], asked[1]);
    // Nor is it built again for each.
    let version = "[version]\nlabel = \"shop-0123456789ab\"\ncommit = \"0123456789abcdef\"\n";
    site.describe("shop-c", version);
    site.describe("shop-d", version);
    let run = site.run(&server, &["launch", "shop-c", "shop-d"]).exit(3);
    assert_eq!(run.stderr.matches("building again from 0123456789abcdef").count(), 1, "{run}");
    assert_eq!(run.stderr.matches("its bundle is not in the bucket").count(), 2, "{run}");
}

/// What a launch calls is what its role may call.
#[test]
fn the_launcher_has_the_rights_that_a_launch_needs() {
    let site = Site::new();
    site.place.write(
        "environments/_application.toml",
        "format = \"beansprout.application/1\"\n[tags]\na = \"b\"\n[lifecycle]\nmax_count = 50\n",
    );
    let server = site.server();
    let plan = site.run(&server, &["launch", "shop-production", "--json"]).ok().json();
    let policy =
        site.place.run(["policy", "launcher", "--account", "123456789012", "--region", "us-east-1"]).ok().json();
    let allowed: Vec<&str> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|statement| statement["Effect"] == "Allow")
        .flat_map(|statement| statement["Action"].as_array().unwrap())
        .map(|action| action.as_str().unwrap())
        .collect();
    let needed = plan["dry_run"]["actions"].as_array().unwrap();
    assert!(needed.len() > 10, "{plan}");
    for action in needed {
        assert!(allowed.contains(&action.as_str().unwrap()), "{action}");
    }
    // What is looked at until it is good, a plan names too.
    calls(&site.place, STATE);
    site.run(&server, &["launch", "shop-production", "--apply"]).ok();
    let asked = calls(&site.place, STATE);
    assert!(asked.contains(&"elasticbeanstalk:DescribeInstancesHealth".to_owned()), "{asked:?}");
    for call in asked.iter().filter(|call| call.starts_with("elasticbeanstalk:")) {
        assert!(needed.contains(&call.as_str().into()), "{call}");
    }
}

#[test]
fn what_was_launched_is_what_is_captured() {
    let site = Site::small();
    site.place.write(".ebextensions/a.config", "option_settings:\n  aws:autoscaling:asg: {MaxSize: 3}\n");
    site.describe(
        "shop-prod",
        "cname = \"shop\" # ours\n[tags]\nstage = \"prod\"\n[options]\n\"aws:elasticbeanstalk:command/Timeout\" = \"700\"\n[properties]\nMODE = \"fast\"\nSECRET_KEY = { random = 50 }\n[deploy]\nsettle = 100 # patience\n",
    );
    let server = site.server();
    site.run(&server, &["launch", "shop-prod", "--apply"]).ok();
    calls(&site.place, STATE);
    for (look, asks) in [("--check", false), ("--dry-run", false), ("--quiet", true)] {
        let before = site.place.read("environments/shop-prod.toml");
        site.run(&server, &["capture", look]).ok();
        // What a rollback would take is written down, and compared with nothing.
        assert_eq!(calls(&site.place, STATE).contains(&"s3:ListObjectsV2".to_owned()), asks, "{look}");
        site.place.write("environments/shop-prod.toml", before);
    }
    let before = site.place.read("environments/shop-prod.toml");
    site.run(&server, &["capture"]).ok();
    let text = site.place.read("environments/shop-prod.toml");
    for words in [
        "cname = \"shop\" # ours",
        "settle = 100 # patience",
        "SECRET_KEY = { random = 50 }",
        "[version]",
        "MODE = \"fast\"",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(before != text && !text.contains("MaxSize"), "{text}");
    // Twice the same is once, and nothing was changed at AWS.
    site.run(&server, &["capture"]).ok();
    assert_eq!(site.place.read("environments/shop-prod.toml"), text);
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());

    // Somebody turns knobs.
    site.python(
        &server,
        "eb.update_environment(EnvironmentName='shop-prod', OptionSettings=[\
         {'Namespace': 'aws:elasticbeanstalk:command', 'OptionName': 'Timeout', 'Value': '900'},\
         {'Namespace': 'aws:elasticbeanstalk:application:environment', 'OptionName': 'API_TOKEN', 'Value': 'hunter2hunter2'}])",
    );
    let drift = site.run(&server, &["capture", "--check", "--json"]).exit(1);
    assert!(!format!("{drift}").contains("hunter2"), "{drift}");
    let document = drift.document("capture/1");
    let differences = document["environments"][0]["differences"].as_array().unwrap();
    let whats: Vec<&str> = differences.iter().map(|difference| difference["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["aws:elasticbeanstalk:command/Timeout", "property API_TOKEN"]);
    assert_eq!(site.place.read("environments/shop-prod.toml"), text);
    let run = site.run(&server, &["capture"]).ok();
    assert!(run.stderr.contains("asked for at the next launch: `API_TOKEN`"), "{run}");
    let text = site.place.read("environments/shop-prod.toml");
    assert!(text.contains("\"900\"") && text.contains("API_TOKEN = { ask = true }"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    site.run(&server, &["capture", "--check"]).ok();
    site.describe("shop-gone", "");
    let run = site.run(&server, &["capture", "--check"]).exit(1);
    assert!(run.stdout.contains("environment: one described, none live"), "{run}");
    site.run(&server, &["capture", "shop-none"]).exit(3);
}

/// What belongs to an account of AWS can be rehearsed on the sandbox, and the rehearsal leaves no account behind.
#[test]
fn the_sandbox_plays_every_account() {
    let site = Site::small();
    site.describe("shop-prod", "");
    let run = |arguments: &[&str]| site.place.run([arguments, &["--sandbox"]].concat()).ok();
    run(&["launch", "shop-prod", "--apply"]);
    let file = site.place.read("environments/shop-prod.toml");
    assert!(!file.contains("account ="), "{file}");
    site.place.write("environments/shop-prod.toml", format!("account = \"999999999999\"\n{file}"));
    site.place.write("app.py", "print('second')\n");
    run(&["publish", "--deploy", "shop-prod"]);
    run(&["launch", "--all"]);
    run(&["capture"]);
    let file = site.place.read("environments/shop-prod.toml");
    assert!(file.contains("account = \"999999999999\""), "{file}");
}

/// The file of an environment says where it is, and a release does not go elsewhere.
#[test]
fn a_release_goes_where_the_file_says() {
    let site = Site::small();
    site.describe("shop-prod", "");
    let server = site.server();
    site.run(&server, &["launch", "shop-prod", "--apply"]).ok();
    let label = site.python(&server, "print(eb.describe_environments()['Environments'][0]['VersionLabel'])");
    site.run(&server, &["deploy", &label]).ok();
    let file = site.place.read("environments/shop-prod.toml");
    site.place.write("environments/shop-prod.toml", file.replace("123456789012", "999999999999"));
    for arguments in [
        &["deploy", label.as_str(), "--env", "shop-prod"][..],
        &["rollback", "--env", "shop-prod"],
        &["wait", "--env", "shop-prod"],
        &["publish", "--deploy", "shop-prod"],
        &["logs", "--env", "shop-prod"],
    ] {
        let run = site.run(&server, arguments).exit(1);
        assert!(run.stderr.contains("`shop-prod` belongs to account 999999999999"), "{run}");
    }
}

/// After a deletion the old environment keeps its name and its address for minutes, and Elastic Beanstalk refuses a new one.
#[test]
fn the_name_of_an_environment_that_is_ending_is_waited_for() {
    let site = Site::small();
    site.describe("shop-prod", "cname = \"shop\"\n");
    let server = site.server();
    site.run(&server, &["launch", "shop-prod", "--apply"]).ok();
    drop(server);
    let world = World::real().unwrap();
    let slow = Settings { speed: Speed::Real, ..Settings::new(&world, site.place.path(STATE)) };
    let server = Server::start(slow).unwrap();
    site.python(&server, "eb.delete_application(ApplicationName='shop', TerminateEnvByForce=True)");
    for arguments in [&["launch", "--all"][..], &["launch", "shop-prod", "--apply", "--json"]] {
        let run = site.run(&server, arguments).exit(4);
        assert!(run.to_string().contains("is still being terminated"), "{run}");
    }
    let run = site.run(&server, &["launch", "--all", "--json"]).exit(4).json();
    assert_eq!(run["error"]["repeat"], "later", "{run}");
    let status = site.run(&server, &["status"]).ok();
    assert!(status.stdout.contains("ending"), "{status}");
    site.run(&server, &["status", "shop-prod"]).ok();
    drop(server);
    // When that has ended, the same command brings the site back.
    static LATER: std::sync::OnceLock<jiff::Timestamp> = std::sync::OnceLock::new();
    LATER.set(world.now() + jiff::SignedDuration::from_mins(10)).unwrap();
    let later = world.with_clock(|| *LATER.get().unwrap());
    let server = Server::start(Settings::new(&later, site.place.path(STATE))).unwrap();
    site.run(&server, &["launch", "--all", "--apply"]).ok();
}

#[test]
fn each_environment_is_waited_for_as_its_file_says() {
    let site = Site::small();
    site.describe("shop-prod", "\n[deploy]\ntimeout = 1\n");
    let faults = vec![rule("CreateEnvironment", Injection::DeploymentHangs, 0, 1)];
    let settings = Settings::new(&World::real().unwrap(), site.place.path(STATE));
    let server = Server::start(Settings { faults, ..settings }).unwrap();
    // The one that makes it, and the one that finds it on its way.
    for _ in 0..2 {
        let run = site.run(&server, &["launch", "shop-prod", "--apply"]).exit(6);
        assert!(run.stderr.contains("after 1 s"), "{run}");
    }
    // Whatever the most patient of the others says.
    site.describe("shop-spare", "\n[deploy]\ntimeout = 100\n");
    let run = site.run(&server, &["launch", "--all", "--apply"]).exit(6);
    assert!(run.stderr.contains("after 1 s"), "{run}");
}

#[test]
fn a_launch_that_failed_is_no_success_the_second_time() {
    let site = Site::small();
    site.describe("shop-prod", "");
    let faults = vec![rule("CreateEnvironment", Injection::DeploymentFails, 0, 1)];
    let settings = Settings::new(&World::real().unwrap(), site.place.path(STATE));
    let server = Server::start(Settings { faults, ..settings }).unwrap();
    site.run(&server, &["launch", "shop-prod", "--apply"]).exit(5);
    let again = site.run(&server, &["launch", "shop-prod", "--apply"]).exit(5);
    assert!(again.stderr.contains("beansprout status shop-prod"), "{again}");
    assert!(site.run(&server, &["status"]).ok().stdout.contains("bad"));
}
