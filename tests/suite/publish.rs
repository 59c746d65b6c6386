//! `publish`: from a work tree to a registered version, once, and what stands in its way.

use serde_json::Value;

use crate::harness::{Place, Running};
use crate::sandbox::start;

/// A project that is small and complete.
pub(crate) fn project() -> Place {
    Place::new()
        .file("beansprout.toml", "[project]\nname = 'shop'\n[release]\ntags = { team = 'web' }\n")
        .file("Procfile", "web: gunicorn shop.wsgi\n")
        .file("app.py", "print('hello')\n")
}

/// Content that no compressor makes smaller, the same every time.
pub(crate) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[1]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

/// What the sandbox was asked since the log was last looked at: `service:operation`, in order.
pub(crate) fn calls(place: &Place, state: &str) -> Vec<String> {
    let log = place.path(state).join("calls.jsonl");
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let _ = std::fs::write(&log, "");
    let name = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        format!("{}:{}", line["service"].as_str().unwrap(), line["operation"].as_str().unwrap())
    };
    text.lines().map(name).collect()
}

const STATE: &str = ".beansprout/sandbox";

#[test]
fn twice_the_same_is_once() {
    let place = project();
    let first = place.run(["publish", "--sandbox", "--json"]).ok();
    let first = first.document("publish/1");
    assert_eq!(first["uploaded"], true);
    assert_eq!(first["registered"], true);
    assert_eq!(first["status"], "processed");
    assert_eq!(first["application"], "shop");
    assert!(calls(&place, STATE).contains(&"s3:PutObject".to_owned()));

    let second = place.run(["publish", "--sandbox", "--json"]).ok().document("publish/1");
    assert_eq!(second["uploaded"], false);
    assert_eq!(second["registered"], false);
    assert_eq!(second["sha256"], first["sha256"]);
    let asked = calls(&place, STATE);
    for sent in ["s3:PutObject", "s3:CreateMultipartUpload", "elasticbeanstalk:CreateApplicationVersion"] {
        assert!(!asked.contains(&sent.to_owned()), "{asked:?}");
    }
    let run = place.run(["publish", "--sandbox"]).ok();
    assert!(run.stdout.starts_with("unchanged: "), "{run}");

    // The digest is in the label and in the key.
    let digest = first["digest"].as_str().unwrap();
    assert_eq!(first["label"], format!("shop-{}", &digest[..12]));
    assert_eq!(first["bundle"]["key"], format!("beansprout/shop/{digest}.zip"));
}

#[test]
fn other_content_is_another_version() {
    let place = project();
    let first = place.run(["publish", "--sandbox", "--json"]).ok().json();
    place.write("app.py", "print('goodbye')\n");
    let second = place.run(["publish", "--sandbox", "--json"]).ok().json();
    assert_ne!(first["label"], second["label"]);
    let versions = place.run(["versions", "--sandbox", "--json"]).ok().document("versions/1");
    let labels: Vec<&Value> = versions["versions"].as_array().unwrap().iter().map(|row| &row["label"]).collect();
    assert_eq!(labels, [&second["label"], &first["label"]]);
}

#[test]
fn a_label_never_means_two_things() {
    let place = project();
    let first = place.run(["publish", "--sandbox", "--label", "v1", "--json"]).ok().json();
    place.run(["publish", "--sandbox", "--label", "v1"]).ok();
    calls(&place, STATE);
    place.write("app.py", "print('goodbye')\n");
    let run = place.run(["publish", "--sandbox", "--label", "v1"]).exit(7);
    assert!(run.stderr.contains("error: version `v1` of `shop` has other content"), "{run}");
    let digest = place.run(["package", "--dry-run", "--json"]).ok().json()["digest"].as_str().unwrap().to_owned();
    assert!(run.stderr.contains(first["digest"].as_str().unwrap()), "{run}");
    assert!(run.stderr.contains(&digest), "{run}");
    assert!(!calls(&place, STATE).contains(&"s3:PutObject".to_owned()));
    let failed = place.run(["publish", "--sandbox", "--label", "v1", "--json"]).exit(7).document("error/1");
    assert_eq!(failed["error"]["exit"], 7);
}

/// The sandbox of `--sandbox`, for other clients too.
fn serve(place: &Place, more: &[&str]) -> (Running, String) {
    let arguments = ["sandbox", "--port", "0", "--speed", "instant"];
    let mut running = place.start(arguments.iter().chain(more));
    let endpoint = running.wait_for("export AWS_ENDPOINT_URL=");
    (running, endpoint)
}

/// Put an object into the sandbox as somebody else would.
fn plant(place: &Place, endpoint: &str, bucket: &str, key: &str, content: &str) {
    const PLANT: &str = "import boto3, sys\nboto3.client('s3').put_object(Bucket=sys.argv[1], Key=sys.argv[2], Body=sys.argv[3].encode())";
    let mut command = place.command(crate::harness::python());
    command.args(["-c", PLANT, bucket, key, content]).envs(beansprout::sandbox::variables(endpoint));
    place.finish(command).ok();
}

#[test]
fn an_object_is_trusted_for_its_content_not_its_name() {
    let place = project();
    let published = place.run(["publish", "--sandbox", "--json"]).ok().json();
    let (bucket, key) = (&published["bundle"]["bucket"], &published["bundle"]["key"]);
    place.write("app.py", "print('goodbye')\n");
    let digest = place.run(["package", "--dry-run", "--json"]).ok().json()["digest"].as_str().unwrap().to_owned();
    let planted = key.as_str().unwrap().replace(published["digest"].as_str().unwrap(), &digest);

    let (_running, endpoint) = serve(&place, &[]);
    plant(&place, &endpoint, bucket.as_str().unwrap(), &planted, "not what the name says");
    let run = place.run(["publish", "--sandbox"]).exit(7);
    assert!(run.stderr.contains("holds other content"), "{run}");
    assert!(
        run.stderr.contains(&format!("hint: ours is {digest}, what is there is no bundle, with SHA-256 ")),
        "{run}"
    );
    assert_eq!(place.run(["versions", "--sandbox", "--json"]).ok().json()["versions"].as_array().unwrap().len(), 1);
}

/// Unpack the object at a key and pack it anew, as another compressor would; and register it under another label.
const REPACK: &str = "import boto3, io, json, sys, zipfile\n\
    s3, eb = boto3.client('s3'), boto3.client('elasticbeanstalk')\n\
    bucket, key = sys.argv[1:3]\n\
    old = zipfile.ZipFile(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)['Body'].read()))\n\
    packed = io.BytesIO()\n\
    with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as new:\n\
    \x20   for info in old.infolist():\n\
    \x20       made = zipfile.ZipInfo(info.filename, (2020, 1, 1, 0, 0, 0))\n\
    \x20       made.external_attr, made.create_system = info.external_attr, 3\n\
    \x20       new.writestr(made, old.read(info) + sys.argv[3].encode(), zipfile.ZIP_STORED)\n\
    for place in [key, 'shop/foreign.zip']:\n\
    \x20   s3.put_object(Bucket=bucket, Key=place, Body=packed.getvalue())\n\
    eb.create_application_version(ApplicationName='shop', VersionLabel='foreign' + sys.argv[3],\n\
    \x20   SourceBundle={'S3Bucket': bucket, 'S3Key': 'shop/foreign.zip'})";

#[test]
fn the_same_tree_in_other_bytes_is_the_same() {
    let place = project();
    let published = place.run(["publish", "--sandbox", "--json"]).ok().json();
    let bundle = |name: &str| published["bundle"][name].as_str().unwrap().to_owned();
    let (_running, endpoint) = serve(&place, &[]);
    let repack = |more: &str| {
        let mut command = place.command(crate::harness::python());
        command.args(["-c", REPACK, &bundle("bucket"), &bundle("key"), more]);
        command.envs(beansprout::sandbox::variables(&endpoint));
        place.finish(command).ok();
    };
    repack("");
    calls(&place, STATE);
    // At our key, and with another tool's key under a label that is asked for.
    for arguments in
        [&["publish", "--sandbox", "--json"][..], &["publish", "--sandbox", "--json", "--label", "foreign"]]
    {
        let run = place.run(arguments).ok();
        let again = run.document("publish/1");
        assert_eq!((&again["uploaded"], &again["registered"]), (&false.into(), &false.into()), "{run}");
        assert_eq!(again["digest"], published["digest"]);
        assert_ne!(again["sha256"], published["sha256"], "{run}");
        assert!(run.stderr.contains("has the same content, packed by another compressor"), "{run}");
    }
    let changes = ["s3:PutObject", "elasticbeanstalk:CreateApplicationVersion"];
    assert!(!calls(&place, STATE).iter().any(|call| changes.contains(&call.as_str())));

    // With other content in it, neither is ours, and both digests are shown.
    repack("!");
    let ours = published["digest"].as_str().unwrap();
    let run = place.run(["publish", "--sandbox", "--label", "other"]).exit(7);
    assert!(run.stderr.contains(&format!("hint: ours is {ours}, what is there is ")), "{run}");
    let run = place.run(["publish", "--sandbox", "--label", "foreign!"]).exit(2);
    assert!(run.stderr.contains("are safe in a label"), "{run}");
    let run = place.run(["publish", "--sandbox", "--label", "foreign"]).exit(7);
    assert!(run.stderr.contains(&format!("hint: ours is {ours}, theirs is ")), "{run}");
}

#[test]
fn the_bucket_is_looked_at_before_something_is_put_into_it() {
    let place = project();
    let run = place.run(["publish", "--sandbox", "--json"]).ok();
    let guards = run.document("publish/1")["guards"].clone();
    let expected = serde_json::json!({ "public_access_blocked": true, "encryption": "AES256", "kms_key": null });
    assert_eq!(guards, expected);
    let closed = "bucket `elasticbeanstalk-us-east-1-123456789012`: closed to the public, encrypted by AES256";
    assert!(run.stderr.contains(closed), "{run}");
    place.write("app.py", "print('goodbye')\n");
    let denied = r#"[{"on": "GetPublicAccessBlock", "fault": "access-denied"}, {"on": "GetBucketEncryption", "fault": "access-denied"}]"#;
    place.write(".beansprout/faults.json", denied);
    let (_running, endpoint) = serve(&place, &["--faults", ".beansprout/faults.json"]);
    let mut command = place.beansprout(["publish", "--json"]);
    command.envs(beansprout::sandbox::variables(&endpoint));
    let run = place.finish(command).ok();
    let expected = serde_json::json!({ "public_access_blocked": null, "encryption": null, "kms_key": null });
    assert_eq!(run.document("publish/1")["guards"], expected);
    assert!(run.stderr.contains("could not be checked"), "{run}");
}

#[test]
fn a_key_of_kms_encrypts_and_needs_rights() {
    let place = project();
    let run = place.run(["publish", "--sandbox", "--kms-key", "alias/bundles", "--dry-run", "--json"]).ok();
    let actions = run.document("dry-run/1")["actions"].to_string();
    for action in ["kms:GenerateDataKey", "kms:Decrypt", "s3:GetBucketPublicAccessBlock", "s3:GetObject"] {
        assert!(actions.contains(action), "{run}");
    }
    assert!(run.stderr.contains("encrypted by aws:kms with `alias/bundles`"), "{run}");
}

#[test]
fn a_region_that_is_nearly_full_is_warned_about() {
    let place = project();
    let run = place.run(["publish", "--sandbox", "--json"]).ok();
    assert_eq!(run.json()["room"], serde_json::json!({ "used": 1, "limit": 1000 }));
    assert!(!run.stderr.contains("versions in this region"), "{run}");
    let state = format!("{STATE}/state.json");
    let mut world: Value = serde_json::from_str(&place.read(&state)).unwrap();
    let versions = world["regions"]["us-east-1"]["applications"]["shop"]["versions"].as_object_mut().unwrap();
    let version = versions.values().next().unwrap().clone();
    versions.extend((1..799).map(|number| (format!("v{number}"), version.clone())));
    place.write(&state, world.to_string());
    place.write("app.py", "print('goodbye')\n");
    let run = place.run(["publish", "--sandbox"]).ok();
    assert!(
        run.stderr.contains("warning: 800 of 1000 versions in this region are used; `beansprout prune --sandbox`"),
        "{run}"
    );
    assert_eq!(run.stderr.matches("versions in this region").count(), 1, "{run}");
    // Nothing is registered, so nothing is said.
    let run = place.run(["publish", "--sandbox"]).ok();
    assert!(!run.stderr.contains("versions in this region"), "{run}");
}

#[test]
fn an_application_is_created_only_when_asked_to() {
    let place = project();
    let (_running, endpoint) = start(&place, &[]);
    let place = beansprout::sandbox::variables(&endpoint)
        .into_iter()
        .fold(place, |place, (name, value)| place.var(name, value));
    let run = place.run(["publish"]).exit(3);
    assert!(run.stderr.contains("error: there is no application `shop` in us-east-1"), "{run}");
    assert!(run.stderr.contains("--create-application"), "{run}");
    assert!(!calls(&place, "state").iter().any(|call| call.contains("Put") || call.contains("Create")));
    place.run(["publish", "--create-application"]).ok();
    place.run(["publish"]).ok();
}

#[test]
fn a_dry_run_sends_nothing_and_says_what_it_would() {
    let place = project();
    let run = place.run(["publish", "--sandbox", "--dry-run", "--json"]).ok();
    let plan = run.document("dry-run/1");
    let operations: Vec<&Value> = plan["calls"].as_array().unwrap().iter().map(|call| &call["operation"]).collect();
    assert_eq!(operations, ["CreateStorageLocation", "PutObject", "CreateApplicationVersion"]);
    let actions = plan["actions"].to_string();
    for action in ["s3:PutObject", "elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:AddTags"] {
        assert!(actions.contains(action), "{run}");
    }
    let asked = calls(&place, STATE);
    let changes = |call: &&String| ["Create", "Put", "Delete", "Update"].iter().any(|verb| call.contains(verb));
    assert_eq!(asked.iter().find(changes), None);
    place.run(["versions", "--sandbox"]).exit(3);
}

#[test]
fn the_first_line_says_where() {
    let run = project().run(["publish", "--sandbox"]).ok();
    let first = run.stderr.lines().find(|line| line.starts_with("the sandbox: ")).unwrap_or_default();
    assert!(first.contains(" on this machine, at http://127.0.0.1:"), "{run}");
}

#[test]
fn every_change_is_recorded_and_no_secret_is() {
    let place = project();
    place.run(["publish", "--sandbox"]).ok();
    let record = place.read(".beansprout/audit.jsonl");
    let operations: Vec<String> = record
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["call"]["operation"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(operations, ["CreateStorageLocation", "PutObject", "CreateApplicationVersion"]);
    assert!(!record.contains(beansprout::sandbox::SECRET_ACCESS_KEY));
    assert!(!record.contains(beansprout::sandbox::ACCESS_KEY_ID));
}

#[test]
fn a_profile_that_is_named_acts_whatever_keys_the_environment_has() {
    let place = project();
    place.run(["publish", "--sandbox"]).ok();
    let (_running, endpoint) = serve(&place, &[]);
    let mut keys = String::from("[mine]\n");
    for (name, value) in beansprout::sandbox::variables(&endpoint) {
        if name.starts_with("AWS_ACCESS") || name.starts_with("AWS_SECRET") {
            keys += &format!("{} = {value}\n", name.to_lowercase());
        }
    }
    place.write("../home/.aws/credentials", keys);
    let place = place
        .var("AWS_ENDPOINT_URL", endpoint)
        .var("AWS_REGION", "us-east-1")
        .var("AWS_ACCESS_KEY_ID", "AKIAOFSOMEBODYELSEXX")
        .var("AWS_SECRET_ACCESS_KEY", "of another account");
    place.run(["versions"]).exit(4);
    place.run(["versions", "--profile", "mine"]).ok();
    let run = place.run(["versions", "--profile", "yours"]).exit(4);
    assert!(run.stderr.contains("error: no AWS credentials were found for profile `yours`\n"), "{run}");
}

#[test]
fn without_region_or_credentials_the_way_on_is_shown() {
    // Nobody has to be asked on a machine that isn't AWS's.
    let place = project().var("AWS_EC2_METADATA_DISABLED", "true");
    let run = place.run(["publish"]).exit(2);
    assert!(run.stderr.contains("error: no region is chosen"), "{run}");
    let run = place.run(["publish", "--region", "eu-west-1"]).exit(4);
    assert!(run.stderr.contains("error: no AWS credentials were found"), "{run}");
    assert!(run.stderr.contains("aws configure"), "{run}");
    let run = place.run(["publish", "--region", "eu-west-1", "--deploy"]).exit(2);
    assert!(run.stderr.contains("hint: name it with `--deploy`, or "), "{run}");
}

#[test]
fn an_address_where_nobody_answers_is_told() {
    let place = project().var("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").var("AWS_SECRET_ACCESS_KEY", "hush-hush-hush");
    let place = place.var("AWS_MAX_ATTEMPTS", "1");
    let run = place.run(["publish", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1"]).exit(4);
    assert!(run.stderr.contains("error: failed to reach http://127.0.0.1:1"), "{run}");
    assert!(!run.stderr.contains("hush"), "{run}");
}

#[test]
fn a_commit_describes_its_version() {
    let place = project().file(".gitignore", ".beansprout\n").git();
    place.run(["publish", "--sandbox"]).ok();
    place.write("app.py", "print('goodbye')\n");
    place.run(["publish", "--sandbox"]).ok();
    let commit = place.sh("git", &["rev-parse", "--short=12", "HEAD"]);
    let versions = place.run(["versions", "--sandbox", "--json"]).ok().json();
    assert_eq!(versions["versions"][1]["description"], format!("first ({})", commit.trim()));
    assert_eq!(versions["versions"][0]["description"], format!("first ({}, changed)", commit.trim()));
}

#[test]
fn a_run_that_changed_something_is_on_record_in_the_bucket() {
    const READ: &str = "import boto3, json\n\
        s3 = boto3.client('s3')\n\
        bucket = s3.list_buckets()['Buckets'][0]['Name']\n\
        found = s3.list_objects_v2(Bucket=bucket, Prefix='beansprout/shop/audit/').get('Contents', [])\n\
        print(json.dumps([json.load(s3.get_object(Bucket=bucket, Key=o['Key'])['Body']) for o in found]))";
    let place = project().file("beansprout.toml", "[project]\nname = 'shop'\n[release]\naudit = true\n");
    let first = place.run(["publish", "--sandbox", "--json"]).ok();
    assert!(first.stderr.contains("recorded in `s3://"), "{first}");
    // Nothing was changed, so there is nothing to record.
    let again = place.run(["publish", "--sandbox"]).ok();
    assert!(!again.stderr.contains("recorded in"), "{again}");
    place.write("app.py", "print('goodbye')\n");
    let (_running, endpoint) = serve(&place, &[]);
    let mut command = place.beansprout(["prune", "--keep", "1", "--apply", "--no-environments"]);
    command.envs(beansprout::sandbox::variables(&endpoint));
    place.finish(command).ok();
    let mut command = place.command(crate::harness::python());
    command.args(["-c", READ]).envs(beansprout::sandbox::variables(&endpoint));
    let records = place.finish(command).ok().json();
    assert_eq!(records.as_array().unwrap().len(), 1, "{records:#}");
    let record = &records[0];
    assert_eq!((&record["verb"], &record["error"]), (&"publish".into(), &Value::Null));
    assert_eq!(record["label"], first.json()["label"]);
    assert_eq!(record["digest"], first.json()["digest"]);
    assert_eq!(record["caller"], "arn:aws:iam::123456789012:user/beansprout-sandbox");
    assert_eq!(record["calls"][2]["call"]["operation"], "CreateApplicationVersion");
}

/// All that was said and written must be without what is secret.
#[test]
fn no_secret_is_said_or_written() {
    const TOKEN: &str = "hush-this-is-a-session-token";
    let scene = crate::deploy::Scene::new();
    let secret = beansprout::sandbox::SECRET_ACCESS_KEY;
    let ours = "[project]\nname = 'shop'\n[release]\naudit = true\n";
    scene.place.write("beansprout.toml", ours);
    let second = scene.second.as_str();
    let version = format!("version:{second}");
    let denied = r#"[{"on": "DescribeApplicationVersions", "fault": "expired-token"}]"#;
    let expired: Vec<beansprout::sandbox::Rule> = serde_json::from_str(denied).unwrap();
    let mut said = String::new();
    for rules in [Vec::new(), expired] {
        let server = scene.server(rules);
        for words in [
            &["publish", "--json"][..],
            &["publish", "--dry-run"],
            &["versions", "--json"],
            &["versions", "lifecycle", "--keep", "9", "--apply"],
            &["deploy", second, "--env", "shop-prod"],
            &["rollback", &scene.first, "--env", "shop-prod"],
            &["wait", "--env", "shop-prod"],
            &["diff", &version],
            &["inspect", &version],
            &["prune", "--keep", "1", "--apply", "--json"],
            &["policy", "publisher"],
            &["publish", "--endpoint-url", "http://127.0.0.1:1"],
        ] {
            let mut command = scene.place.beansprout(words);
            command.envs(beansprout::sandbox::variables(&server.endpoint()));
            command.env("AWS_SESSION_TOKEN", TOKEN).env("AWS_MAX_ATTEMPTS", "1").env("RUST_LOG", "trace");
            said.push_str(&scene.place.finish(command).to_string());
        }
    }
    assert!(said.contains("beansprout.publish/1") && said.contains("have expired"), "{said}");
    let kept = scene.place.sh("grep", &["-rc", "", ".beansprout"]);
    assert!(kept.contains("audit.jsonl"), "{kept}");
    for word in [secret, TOKEN] {
        assert!(!said.contains(word), "{said}");
        let mut grep = scene.place.command("grep");
        grep.args(["-rlF", word, "."]);
        assert_eq!(scene.place.finish(grep).stdout, "");
    }
}

/// However large a bundle is, sending it needs little memory.
#[test]
fn sending_much_needs_little_memory() {
    // The peak of a child is what the kernel says of it afterwards.
    const PEAK: &str = "import resource, subprocess, sys\n\
        done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)\n\
        assert done.returncode == 0, done.stderr\n\
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    if !cfg!(target_os = "linux") {
        return crate::harness::left_out("only Linux says the peak in kilobytes");
    }
    let place = project();
    place.write("noise.bin", noise(80_000_000));
    place.run(["package"]).ok();
    let (_running, endpoint) = serve(&place, &[]);
    let mut command = place.command(crate::harness::python());
    command.args(["-c", PEAK, env!("CARGO_BIN_EXE_beansprout"), "publish", "--create-application"]);
    command.envs(beansprout::sandbox::variables(&endpoint));
    let peak: u64 = place.finish(command).ok().stdout.trim().parse().unwrap();
    assert!(peak < 64 * 1024, "{peak} kB");
}

/// What `check` would say is said before anything is sent, of the very plan that is sent.
#[test]
fn findings_are_said_before_anything_is_sent() {
    let broken = || project().file(".ebextensions/a.config", "container_command: {}\n");
    let place = broken();
    let run = place.run(["publish", "--sandbox", "--json"]).ok();
    assert!(run.stderr.starts_with("error[EB202]: .ebextensions/a.config:1: "), "{run}");
    assert!(run.json()["check"]["errors"].as_u64().unwrap() >= 1, "{run}");
    let run = place.run(["publish", "--sandbox", "--json", "--no-check"]).ok();
    assert!(!run.stderr.contains("EB202"), "{run}");
    assert!(run.json()["check"].is_null(), "{run}");

    let place = broken().file("beansprout.toml", "[project]\nname = \"shop\"\n[release]\ncheck = \"error\"\n");
    let run = place.run(["publish", "--sandbox"]).exit(1);
    assert!(run.stderr.contains("error: nothing was sent: "), "{run}");
    place.run(["versions", "--sandbox"]).exit(3); // there is no application yet
    place.run(["publish", "--sandbox", "--no-check"]).ok();
}
