//! `swap`: two environments exchange their names, once, and the way back is the same.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;
use std::thread::JoinHandle;

use beansprout::sandbox::{self, Injection, Server, Settings};
use beansprout::world::World;

use crate::harness::python;
use crate::launch::{STATE, Site, writes};
use crate::publish::calls;
use crate::sandbox::rule;

const NAMES: &str = "print(sorted((e['EnvironmentName'], e['CNAME'].split('.')[0]) for e in eb.describe_environments()['Environments']))";
/// Where the names are before, and after.
const BEFORE: &str = "[('shop-blue', 'shop'), ('shop-green', 'shop-green')]";
const AFTER: &str = "[('shop-blue', 'shop-green'), ('shop-green', 'shop')]";
const SWAP: [&str; 3] = ["swap", "shop-blue", "shop-green"];

/// Two environments that live: BLUE has the visitors.
pub(crate) fn pair() -> Site {
    let site = Site::small();
    site.place.write(
        ".ebextensions/health.config",
        "option_settings:\n  aws:elasticbeanstalk:healthreporting:system: {SystemType: enhanced}\n",
    );
    site.describe("shop-blue", "cname = \"shop\" # ours\n[deploy]\nbranches = [\"main\"]\nsmoke = [\"/health/\"]\n");
    site.describe("shop-green", "cname = \"shop-green\"\n");
    let server = site.server();
    site.run(&server, &["launch", "--all", "--apply"]).ok();
    drop(server);
    calls(&site.place, STATE);
    site
}

fn apply<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&SWAP[..], &["--apply", "--watch", "0"], rest].concat()
}

#[test]
fn a_name_goes_and_comes_back() {
    let site = pair();
    let server = site.server();
    let plan = site.run(&server, &SWAP).ok();
    assert!(plan.stdout.contains("SwapEnvironmentCNAMEs"), "{plan}");
    assert!(plan.stdout.contains("tests nothing: `shop-green` has no address where a site answers"), "{plan}");
    assert!(plan.stdout.ends_with("`beansprout swap shop-blue shop-green --apply` does it\n"), "{plan}");
    site.run(&server, &[&SWAP[..], &["--json"]].concat()).ok().document("swap-plan/1");
    let held = site.run(&server, &[&SWAP[..], &["--hold", "--json"]].concat()).ok().document("swap/1");
    assert_eq!(held["outcome"], "held");
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());
    assert_eq!(site.python(&server, NAMES), BEFORE);

    let run = site.run(&server, &apply(&["--json"])).ok();
    assert!(run.stderr.contains("not tested: `shop-green` has no address"), "{run}");
    assert!(run.stderr.contains("branches main still lead to `shop-blue`"), "{run}");
    let swapped = run.document("swap/1");
    assert_eq!(swapped["outcome"], "swapped");
    assert_eq!(swapped["way_back"], "beansprout swap shop-green shop-blue --apply");
    assert_eq!(site.python(&server, NAMES), AFTER);
    let asked = calls(&site.place, STATE);
    let swaps = asked.iter().filter(|call| call.ends_with("SwapEnvironmentCNAMEs")).count();
    assert_eq!(swaps, 1, "{asked:?}");
    assert!(writes(&asked).iter().all(|call| call.contains("Swap") || *call == "s3:PutObject"), "{asked:?}");
    assert!(site.place.read("environments/shop-blue.toml").contains("cname = \"shop-green\" # ours"));
    assert!(site.place.read("environments/shop-green.toml").contains("cname = \"shop\""));

    // Twice the same is once: a second swap would send everybody back.
    let again = site.run(&server, &apply(&[])).ok();
    assert!(again.stdout.starts_with("unchanged: `shop-green` has `shop."), "{again}");
    let plan = site.run(&server, &SWAP).ok();
    assert!(plan.stdout.contains("has `shop.us-east-1.elasticbeanstalk.com` already"), "{plan}");
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());
    assert_eq!(site.python(&server, NAMES), AFTER);

    let quiet = site.run(&server, &["swap", "shop-green", "shop-blue", "--apply", "--watch", "0", "--quiet"]).ok();
    assert_eq!(quiet.stdout, "");
    assert_eq!(site.python(&server, NAMES), BEFORE);
    site.run(&server, &apply(&[])).ok();
    assert_eq!(site.python(&server, NAMES), AFTER);
}

#[test]
fn a_swap_is_no_move_that_a_rollback_goes_back_from() {
    let site = pair();
    let server = site.server();
    let label = site.python(&server, "print(eb.describe_environments()['Environments'][0]['VersionLabel'])");
    site.place.write("app.py", "print('second')\n");
    site.run(&server, &["publish", "--deploy", "shop-green", "--wait"]).ok();
    site.run(&server, &apply(&[])).ok();
    let back = site.run(&server, &["rollback", "--env", "shop-green"]).ok();
    assert!(back.stdout.contains(&format!("runs `{label}`")), "{back}");
}

#[test]
fn all_that_speaks_against_it_is_told_at_once() {
    let site = pair();
    let server = site.server();
    site.place.write(
        "ops/root-domain.json",
        r#"{"Changes": [{"ResourceRecordSet": {"AliasTarget": {"DNSName": "x.elb.amazonaws.com"}}}]}"#,
    );
    site.place.write("shop/migrations/0001_x.py", "from django.db import migrations\nclass Migration(migrations.Migration):\n    operations = [migrations.DeleteModel('Order')]\n");
    site.run(&server, &["publish", "--deploy", "shop-green", "--wait"]).ok();
    site.python(
        &server,
        "eb.update_environment(EnvironmentName='shop-blue', OptionSettings=[{'Namespace': 'aws:elasticbeanstalk:application:environment', 'OptionName': 'TOKEN', 'Value': 'hunter2'}])",
    );
    let run = site.run(&server, &apply(&[])).exit(1);
    for words in [
        "the property `TOKEN` is missing",
        "shop/migrations/0001_x.py:3: `Order` is deleted",
        "`ops/root-domain.json` is an alias to `x.elb.amazonaws.com`",
        "--despite settings",
        "--despite migrations",
        "--despite alias",
    ] {
        assert!(run.stderr.contains(words), "{words}\n{run}");
    }
    assert!(!format!("{run}").contains("hunter2"), "{run}");
    site.run(&server, &SWAP).exit(1);
    site.run(&server, &["swap", "shop-blue", "shop-blue"]).exit(1);
    site.run(&server, &["swap", "shop-blue", "shop-none"]).exit(3);
    site.run(&server, &["swap", "shop-blue", "shop-green", "--smoke", "health"]).exit(2);
    assert_eq!(site.python(&server, NAMES), BEFORE);
    let knowingly = ["--despite", "settings", "--despite", "migrations", "--despite", "alias"];
    let run = site.run(&server, &apply(&knowingly)).ok();
    assert!(run.stderr.contains("knowingly: the property `TOKEN` is missing"), "{run}");
    assert_eq!(site.python(&server, NAMES), AFTER);
    let file = site.place.read("environments/shop-green.toml");
    site.place.write("environments/shop-green.toml", file.replace("123456789012", "999999999999"));
    let run = site.run(&server, &["swap", "shop-green", "shop-blue"]).exit(1);
    assert!(run.stderr.contains("belongs to account 999999999999"), "{run}");
}

/// The way back of a team in trouble does not hang on what lies in somebody's work tree.
#[test]
fn a_work_tree_that_cannot_be_read_keeps_nobody_from_swapping() {
    let site = pair();
    let server = site.server();
    // Neither an alias that is no text, nor what would ship, nor the file of a third environment is needed.
    site.place.write("ops/root-domain.json", b"\xff\xfe");
    site.place.write("beansprout.toml", "[project]\nname = 'shop'\n[bundle]\nsource = 'gone'\n");
    site.place.write("environments/shop-third.toml", "format = \n");
    site.place.write(".ebextensions/health.config", "option_settings: [\n");
    let run = site.run(&server, &apply(&[])).ok();
    assert!(run.stderr.contains("not known: does an alias lead past the names? failed to read"), "{run}");
    assert!(run.stderr.contains("not known: is the database a file on each instance? "), "{run}");
    assert_eq!(site.python(&server, NAMES), AFTER);
    // What is to be corrected afterwards may be gone by then, and the names are where they are.
    std::fs::remove_dir_all(site.place.path("environments")).unwrap();
    site.run(&server, &["swap", "shop-green", "shop-blue", "--apply", "--watch", "0"]).ok();
    assert_eq!(site.python(&server, NAMES), BEFORE);
    // A rollback of the one that is named needs no other's file either.
    site.place.write("environments/shop-third.toml", "format = \n");
    let run = site.run(&server, &["rollback", "--env", "shop-blue"]).exit(1);
    assert!(run.stderr.contains("nothing is known to have run well in `shop-blue` before"), "{run}");
    // The two that are meant have to be understood: they say whose account it is.
    site.place.write("environments/shop-blue.toml", "format = \n");
    site.run(&server, &SWAP).exit(3);
}

/// A site that answers what it is told, in turn, and keeps what it was asked.
pub(crate) struct Answering {
    port: u16,
    asked: std::sync::Arc<Mutex<Vec<String>>>,
    _thread: JoinHandle<()>,
}

impl Answering {
    /// `act` is called with the number of each request, and says the status.
    pub(crate) fn start(mut act: impl FnMut(usize) -> u16 + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = std::sync::Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        let thread = std::thread::spawn(move || {
            for (number, stream) in listener.incoming().map(Result::unwrap).enumerate() {
                let mut stream = stream;
                let mut text = Vec::new();
                let mut chunk = [0; 1024];
                while !text.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut chunk) {
                        Ok(read) if read > 0 => text.extend_from_slice(&chunk[..read]),
                        _ => break,
                    }
                }
                seen.lock().unwrap().push(String::from_utf8_lossy(&text).to_lowercase());
                let status = act(number);
                let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        Self { port, asked, _thread: thread }
    }

    /// Let this environment be here.
    pub(crate) fn serve(&self, site: &Site, name: &str) {
        let path = site.place.path(STATE).join("state.json");
        let mut state: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let environments = state["regions"]["us-east-1"]["environments"].as_object_mut().unwrap();
        let environment = environments.values_mut().find(|one| one["name"] == name).unwrap();
        environment["site"] = format!("http://127.0.0.1:{}", self.port).into();
        std::fs::write(&path, serde_json::to_string(&state).unwrap()).unwrap();
    }
}

#[test]
fn green_is_tested_under_the_name_that_it_gets() {
    let site = pair();
    let answering = Answering::start(|_| 200);
    answering.serve(&site, "shop-green");
    let server = site.server();
    let run = site.run(&server, &apply(&["--json"])).ok();
    assert_eq!(run.document("swap/1")["tests"]["probes"][0]["status"], 200);
    let asked = answering.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2, "{asked:?}");
    for request in asked {
        assert!(request.starts_with("get /health/ http/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nhost: shop.us-east-1.elasticbeanstalk.com\r\n"), "{request}");
    }
}

#[test]
fn what_does_not_answer_gets_no_visitors() {
    let site = pair();
    let answering = Answering::start(|_| 503);
    answering.serve(&site, "shop-green");
    let server = site.server();
    let run = site.run(&server, &apply(&["--smoke", "/x", "--host", "www.example.com"])).exit(1);
    assert!(run.stderr.contains("http://www.example.com/x answers 503: it should be 200"), "{run}");
    site.run(&server, &[&SWAP[..], &["--hold"]].concat()).exit(1);
    assert_eq!(site.python(&server, NAMES), BEFORE);
    assert!(writes(&calls(&site.place, STATE)).is_empty());
}

#[test]
fn what_fails_afterwards_goes_back_by_itself() {
    let site = pair();
    let answering = Answering::start(|number| if number == 0 { 200 } else { 500 });
    answering.serve(&site, "shop-green");
    let server = site.server();
    let run = site.run(&server, &apply(&["--json"])).exit(5);
    assert!(run.stdout.contains("went to `shop-green` and back again"), "{run}");
    assert_eq!(site.python(&server, NAMES), BEFORE);
    // The claims are over, and so is the record: it may be tried again.
    let asked = calls(&site.place, STATE);
    assert_eq!(asked.iter().filter(|call| call.ends_with("SwapEnvironmentCNAMEs")).count(), 2, "{asked:?}");
    assert!(site.place.read("environments/shop-blue.toml").contains("cname = \"shop\""));
    site.run(&server, &apply(&[])).exit(1);
}

/// Another client at the same AWS.
fn client(endpoint: &str, code: &str) {
    let mut command = std::process::Command::new(python());
    command.args(["-c", &format!("import boto3\neb = boto3.client('elasticbeanstalk')\n{code}")]);
    assert!(command.envs(sandbox::variables(endpoint)).status().unwrap().success());
}

#[test]
fn bad_health_goes_back_by_itself() {
    let site = pair();
    let endpoint = std::sync::Arc::new(Mutex::new(String::new()));
    let here = endpoint.clone();
    let answering = Answering::start(move |number| {
        if number == 1 {
            // Visitors come, and it breaks down.
            let code = "v = eb.describe_environments(EnvironmentNames=['shop-green'])['Environments'][0]['VersionLabel']\n\
                        eb.update_environment(EnvironmentName='shop-green', VersionLabel=v)";
            client(&here.lock().unwrap(), code);
        }
        200
    });
    answering.serve(&site, "shop-green");
    let rule = rule("UpdateEnvironment", Injection::DeploymentTurnsRed, 0, 1);
    let settings = Settings { faults: vec![rule], ..Settings::new(&World::real().unwrap(), site.place.path(STATE)) };
    let server = Server::start(settings).unwrap();
    *endpoint.lock().unwrap() = server.endpoint();
    let run = site.run(&server, &[&SWAP[..], &["--apply", "--watch", "60"]].concat()).exit(5);
    assert!(run.stderr.contains("the health of `shop-green` is Severe"), "{run}");
    assert_eq!(site.python(&server, NAMES), BEFORE);
}

/// A swap of somebody else's, of which this run first hears when it holds the claims: `their` two, at the test before it.
fn between_survey_and_claim(site: &Site, their: [&str; 2]) -> (crate::harness::Run, usize) {
    let [source, destination] = their.map(str::to_owned);
    let endpoint = std::sync::Arc::new(Mutex::new(String::new()));
    let here = endpoint.clone();
    let answering = Answering::start(move |number| {
        if number == 0 {
            let names = format!("SourceEnvironmentName='{source}', DestinationEnvironmentName='{destination}'");
            client(&here.lock().unwrap(), &format!("eb.swap_environment_cnames({names})"));
        }
        200
    });
    answering.serve(site, "shop-green");
    let server = site.server();
    *endpoint.lock().unwrap() = server.endpoint();
    let run = site.run(&server, &apply(&[]));
    let asked = calls(&site.place, STATE);
    (run, asked.iter().filter(|call| call.ends_with("SwapEnvironmentCNAMEs")).count())
}

#[test]
fn what_another_run_did_meanwhile_is_not_undone() {
    let site = pair();
    let (run, swaps) = between_survey_and_claim(&site, ["shop-blue", "shop-green"]);
    assert!(run.ok().stdout.starts_with("unchanged: `shop-green` has `shop."));
    assert_eq!(swaps, 1, "theirs alone");
    assert_eq!(site.python(&site.server(), NAMES), AFTER);
}

#[test]
fn somebody_else_may_swap_too() {
    let site = pair();
    let server = site.server();
    site.describe("shop-pink", "cname = \"shop-pink\"\n");
    site.run(&server, &["launch", "shop-pink", "--apply"]).ok();
    drop(server);
    calls(&site.place, STATE);
    let (run, swaps) = between_survey_and_claim(&site, ["shop-green", "shop-pink"]);
    let run = run.exit(7);
    assert!(run.stderr.contains("somebody else swapped too"), "{run}");
    assert_eq!(swaps, 1, "theirs alone");
}
