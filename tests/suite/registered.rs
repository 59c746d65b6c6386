//! Registered versions, looked into: `diff`, `inspect` and `verify` of `version:LABEL`.

use beansprout::sandbox::{self, Injection, Rule, Server, Settings};
use beansprout::world::World;

use crate::harness::{Place, Run, python};
use crate::publish::{calls, project};
use crate::sandbox::rule;

const STATE: &str = ".beansprout/sandbox";

/// A project with one published version, and the label of that.
fn published() -> (Place, String) {
    let place = project();
    let run = place.run(["publish", "--sandbox", "--json"]).ok();
    let label = run.json()["label"].as_str().unwrap().to_owned();
    // What is downloaded must not come from here.
    std::fs::remove_dir_all(place.path(".beansprout/bundles")).unwrap();
    (place, format!("version:{label}"))
}

fn server(place: &Place, faults: Vec<Rule>) -> Server {
    Server::start(Settings { faults, ..Settings::new(&World::real().unwrap(), place.path(STATE)) }).unwrap()
}

fn run(place: &Place, server: &Server, arguments: &[&str]) -> Run {
    let mut command = place.beansprout(arguments);
    command.envs(sandbox::variables(&server.endpoint()));
    place.finish(command)
}

#[test]
fn a_version_and_the_tree_are_compared() {
    let (place, version) = published();
    calls(&place, STATE);
    let same = place.run(["diff", &version, "--sandbox"]).ok();
    assert!(same.stdout.starts_with("the same: "), "{same}");
    place.write("app.py", "print('goodbye')\n");
    let run = place.run(["diff", &version, "worktree", "--sandbox", "--json"]).exit(1);
    let changes = run.document("diff/1")["changes"].clone();
    assert_eq!((&changes[0]["path"], &changes[0]["kind"]), (&"app.py".into(), &"content".into()), "{changes}");
    assert_eq!(run.events().iter().filter(|event| event["phase"] == "downloading").count(), 2, "{run}");

    // Two versions need one connection, and nothing that changes anything is called.
    let label = place.run(["publish", "--sandbox", "--json"]).ok().json()["label"].as_str().unwrap().to_owned();
    calls(&place, STATE);
    let run = place.run(["diff", &version, &format!("version:{label}"), "--sandbox"]).exit(1);
    assert!(run.stdout.starts_with("changed app.py (15 B to 17 B)\n1 difference: "), "{run}");
    let asked = calls(&place, STATE);
    let of_each = ["elasticbeanstalk:DescribeApplicationVersions", "s3:GetObject"];
    assert_eq!(asked, [&["sts:GetCallerIdentity"], &of_each[..], &of_each[..]].concat());
}

#[test]
fn a_version_is_inspected_and_verified_like_any_bundle() {
    let (place, version) = published();
    let seen = place.run(["inspect", &version, "--sandbox", "--json"]).ok().document("inspect/1");
    let path = seen["path"].as_str().unwrap();
    assert!(
        path.starts_with("s3://") && path.ends_with(&format!("/{}.zip", seen["digest"].as_str().unwrap())),
        "{seen}"
    );
    assert_eq!(seen["entries"].as_array().unwrap().len(), 3);
    let run = place.run(["verify", &version, "--sandbox"]).ok();
    assert!(run.stdout.ends_with(".zip`: 0 errors, 0 warnings\n"), "{run}");
    // A label with a bundle here needs no download.
    place.run(["package"]).ok();
    let label = version.strip_prefix("version:").unwrap();
    assert_eq!(place.run(["inspect", label, "--json"]).ok().document("inspect/1")["digest"], seen["digest"]);
}

#[test]
fn what_is_not_registered_is_told() {
    let (place, version) = published();
    let run = place.run(["diff", "version:nothing", "--sandbox"]).exit(3);
    assert!(
        run.stderr.contains("error: there is no version `nothing` of `shop`\nhint: `beansprout versions --sandbox`"),
        "{run}"
    );
    let run = place.run(["inspect", &version, "--sandbox", "--application", "other"]).exit(3);
    assert!(run.stderr.contains("of `other`"), "{run}");
    let run = place.run(["verify", "version:", "--sandbox"]).exit(2);
    assert!(run.stderr.contains("error: `version:` names no version"), "{run}");
}

/// What somebody with the keys of the bucket does to the only object in it.
fn meddle(place: &Place, server: &Server, script: &str) {
    let program = format!(
        "import boto3, io, zipfile\n\
         s3 = boto3.client('s3')\n\
         bucket = s3.list_buckets()['Buckets'][0]['Name']\n\
         key = s3.list_objects_v2(Bucket=bucket)['Contents'][0]['Key']\n{script}"
    );
    let mut command = place.command(python());
    command.args(["-c", &program]).envs(sandbox::variables(&server.endpoint()));
    place.finish(command).ok();
}

#[test]
fn an_object_that_is_gone_or_not_what_it_is_called_is_noticed() {
    let (place, version) = published();
    let server = server(&place, Vec::new());
    let other = "z = io.BytesIO()\n\
                 with zipfile.ZipFile(z, 'w') as f: f.writestr('Procfile', 'web: other')\n\
                 s3.put_object(Bucket=bucket, Key=key, Body=z.getvalue())";
    meddle(&place, &server, other);
    let seen = run(&place, &server, &["diff", &version]).exit(1);
    assert!(seen.stderr.contains("is named after another tree than it holds, which is "), "{seen}");
    meddle(&place, &server, "s3.put_object(Bucket=bucket, Key=key, Body=b'no zip')");
    let seen = run(&place, &server, &["inspect", &version]).exit(3);
    assert!(seen.stderr.contains(".zip` is not a zip file that can be read"), "{seen}");
    meddle(&place, &server, "s3.delete_object(Bucket=bucket, Key=key)");
    let seen = run(&place, &server, &["inspect", &version]).exit(3);
    assert!(seen.stderr.contains("is gone: `s3://"), "{seen}");
}

#[test]
fn a_download_that_is_cut_off_is_no_bundle() {
    let (place, version) = published();
    let rule = |fault| rule("GetObject", fault, 0, 99);
    for fault in [Injection::Truncate, Injection::AccessDenied] {
        let server = server(&place, vec![rule(fault)]);
        let seen = run(&place, &server, &["verify", &version]).exit(4);
        assert!(seen.stderr.contains("GetObject"), "{seen}");
        assert!(seen.stderr.contains("hint: "), "{seen}");
    }
}
