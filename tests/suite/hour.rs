//! The first hour: from an empty folder to a site that lives, a bad day and a rehearsed loss, with the rights that the pages attach.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{Place, Run, Running, python};
use crate::publish::calls;
use crate::rights::{policy, suffice};
use crate::sandbox::raw;

const STATE: &str = ".beansprout/sandbox";
const PAGE: &str = "templates/welcome/index.html";

/// A newcomer with a shell, an AWS, and some roles.
struct Newcomer {
    place: Place,
    endpoint: String,
    _aws: Running,
}

impl Newcomer {
    fn new() -> Self {
        let place = Place::new();
        let made = place.run(["new", "shop", "--defaults"]).ok();
        assert!(made.stderr.ends_with("`README.md` tells the rest\n"), "{made}");
        let place = place.enter("shop").git();
        let mut aws = place.start(["sandbox", "--port", "0", "--speed", "instant", "--run"]);
        let endpoint = aws.wait_for("export AWS_ENDPOINT_URL=");
        Self { place, endpoint, _aws: aws }
    }

    #[track_caller]
    fn types(&self, words: &str) -> Run {
        let mut command = self.place.beansprout(words.split(' '));
        command.envs(beansprout::sandbox::variables(&self.endpoint));
        self.place.finish(command)
    }

    fn commit(&self) {
        self.place.sh("git", &["add", "-A"]);
        self.place.sh("git", &["commit", "-qm", "Next"]);
    }

    fn change(&self, path: &str, from: &str, to: &str) {
        let text = self.place.read(path);
        assert!(text.contains(from), "{from} in {text}");
        self.place.write(path, text.replace(from, to));
    }

    /// What a visitor of an environment sees.
    #[track_caller]
    fn visit(&self, environment: &str) -> String {
        let host = self.endpoint.trim_start_matches("http://");
        let page = raw(&self.endpoint, &format!("GET / HTTP/1.0\nHost: {host}\n\n"));
        let (_, row) = page.split_once(&format!("<td role=cell data-head='Environment'>{environment}</td>")).unwrap();
        let (_, link) = row.split_once("href='").unwrap();
        let url = link.split('\'').next().unwrap().trim_end_matches('/').to_owned();
        raw(&url, "GET / HTTP/1.0\nHost: localhost\n\n")
    }
}

#[test]
fn the_first_hour() {
    let me = Newcomer::new();
    let place = &me.place;

    // To minute 9: what would go wrong, and where.
    me.types("check").ok();
    me.change("Procfile", "shop.wsgi", "shop.wsgy");
    let found = me.types("check").exit(1);
    assert!(found.stdout.contains("Procfile:1:"), "{found}");
    me.change("Procfile", "shop.wsgy", "shop.wsgi");
    me.types("check").ok();
    let explained = me.types("explain --event deploy").ok();
    assert!(explained.stdout.contains("migrate"), "{explained}");

    // To 13: checked first, then sent, and once.
    let published = me.types("publish --create-application").ok();
    assert!(published.stdout.starts_with("published `shop-"), "{published}");
    let again = me.types("publish").ok();
    assert!(again.stdout.starts_with("unchanged"), "{again}");
    me.types("versions").ok();

    // To 20: the rights for what follows, as the pages print them.
    let roles = ["launcher", "deployer", "capturer", "swapper"];
    let mut policies: Vec<Value> =
        roles.iter().map(|role| policy(place, &[role, "--env", "shop-production"])).collect();
    policies.push(policy(place, &["guard"]));
    calls(place, STATE);
    let rights = |step: &str| {
        let asked: BTreeSet<String> = calls(place, STATE).into_iter().collect();
        assert!(!asked.is_empty(), "{step} asks for something");
        suffice(&policies, &roles, &asked, "shop-production");
    };

    // To 30: a plan, and the site.
    let plan = me.types("launch shop-production").ok();
    assert!(plan.stdout.contains("--apply"), "{plan}");
    let launched = me.types("launch shop-production --apply").ok();
    assert!(launched.stdout.contains("`shop-production` runs `shop-"), "{launched}");
    assert!(me.visit("shop-production").contains("It grows!"));
    let status = me.types("status shop-production").ok();
    assert!(status.stdout.contains("aws elasticbeanstalk terminate-environment"), "{status}");
    rights("launch");
    me.commit();

    // To 38: a change.
    me.change(PAGE, "It grows!", "It has grown!");
    me.commit();
    let deployed = me.types("publish --deploy shop-production").ok();
    assert!(deployed.stdout.contains("shop-production"), "{deployed}");
    assert!(me.visit("shop-production").contains("It has grown!"));
    rights("publish --deploy");

    // To 44: a mistake that nobody can see before it runs, its reason in the instance's words, and back.
    let settings = "shop/settings/production.py";
    let good = place.read(settings);
    place.write(settings, format!("{good}\nimport sys\nif sys.platform:\n    raise RuntimeError(\"no luck today\")\n"));
    me.types("check").ok();
    me.commit();
    let failed = me.types("publish --deploy shop-production").exit(5);
    assert!(failed.to_string().contains("no luck today"), "{failed}");
    assert!(me.types("logs --env shop-production").ok().stdout.contains("no luck today"));
    assert!(me.visit("shop-production").contains("It has grown!"), "the old version goes on serving");
    place.write(settings, good);
    me.commit();
    let back = me.types("rollback --env shop-production").ok();
    // The one that ran well before the mistake.
    assert!(me.visit("shop-production").contains("It has grown!"), "{back}");
    rights("logs and rollback");

    // To 48: what lives, as a file.
    me.types("capture").ok();
    me.commit();
    me.types("capture --check").ok();
    rights("capture");

    // To 55: a second one beside it, and the names exchanged.
    me.types("launch shop-green --like shop-production --apply").ok();
    let plan = me.types("swap shop-production shop-green").ok();
    assert!(plan.stdout.contains("--apply") && plan.to_string().contains("SQLite"), "{plan}");
    me.types("swap shop-production shop-green --apply --watch 1").ok();
    rights("launch and swap");

    // To 60: somebody with rights of their own ends what is no longer needed.
    let mut other = place.command(python());
    let end = "import boto3; boto3.client('elasticbeanstalk').terminate_environment(EnvironmentName='shop-production')";
    other.args(["-c", end]).envs(beansprout::sandbox::variables(&me.endpoint));
    place.finish(other).ok();
    let status = me.types("status").ok();
    assert!(status.stdout.contains("shop-production  not there"), "{status}");
    // And all of it is made again from what is here, without an account.
    me.types("drill").ok();
}
