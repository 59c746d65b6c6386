//! `recipes` and `add`: found by what hurts, added as a plan, undone by git.

use std::process::Command;

use insta::assert_snapshot;

use crate::harness::{Place, left_out};
use crate::terminal::Terminal;

/// Answers for the questions that have no default.
const ANSWERS: &[(&str, &[&str])] = &[
    ("root-domain", &["domain=example.com", "cname=shop.us-east-1.elasticbeanstalk.com"]),
    ("www-redirect", &["domain=example.com"]),
    ("https-listener", &["certificate=arn:aws:acm:us-east-1:123456789012:certificate/1"]),
    ("custom-ami", &["ami=ami-0123456789abcdef0"]),
    ("environment-secrets", &["secret=arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf"]),
    ("notifications", &["address=ops@example.com"]),
    ("database-access", &["group=sg-0123456789abcdef0"]),
    ("cors", &["origin=https://app.example.com"]),
    ("sale-date", &["start=2030-11-26T08:45:00Z", "end=2030-11-27T15:00:00Z"]),
    ("allow-addresses", &["addresses=203.0.113.0/24, 198.51.100.7"]),
];

fn names(place: &Place) -> Vec<String> {
    let document = place.run(["--json", "recipes"]).ok().document("recipes/1");
    document["recipes"].as_array().unwrap().iter().map(|recipe| recipe["name"].as_str().unwrap().to_owned()).collect()
}

fn answers(name: &str) -> &'static [&'static str] {
    ANSWERS.iter().find(|(recipe, _)| *recipe == name).map_or(&[][..], |(_, answers)| *answers)
}

fn add(place: &Place, name: &str) {
    let mut arguments = vec!["add".to_owned(), name.to_owned(), "--defaults".to_owned()];
    arguments.extend(answers(name).iter().map(|answer| format!("--set={answer}")));
    place.run(&arguments).ok();
}

#[test]
fn words_find_recipes_in_two_languages() {
    let place = Place::new();
    assert_snapshot!(place.run(["recipes", "root", "domain"]).ok().stdout.lines().next().unwrap(), @"root-domain   Point a domain without www at the environment");
    let japanese = place.run(["recipes", "ヘルスチェックが赤くなる"]).ok();
    assert!(japanese.stdout.starts_with("health-400 "), "{japanese}");
    for (word, recipe) in [
        ("s3", "media-bucket"),
        ("redis", "redis-cache"),
        ("cors", "cors"),
        ("waf", "web-firewall"),
        ("gzip", "compression"),
        ("rollback", "no-downtime"),
        ("uploaded images disappear", "media-bucket"),
        ("backups", "backup"),
        ("DATABASE_URL", "database-url"),
        ("internal API", "internal-api"),
        ("How do I run migrations?", "migrate-once"),
        ("502 bad gateway", "server-process"),
        ("pg_config not found", "system-packages"),
        ("out of memory", "swap-file"),
        ("ModuleNotFoundError: No module named 'application'", "server-process"),
        ("Target.FailedHealthChecks", "health-400"),
        ("scale up at night", "spike-schedule"),
        ("libGL.so.1: cannot open shared object file", "system-packages"),
        ("メモリ不足", "swap-file"),
        ("メールが送れない", "send-mail"),
        ("画像が消える", "media-bucket"),
        ("バックアップ", "backup"),
        ("セール", "spike-schedule"),
        ("料金が高い", "spot"),
        ("定期実行", "cron-once"),
    ] {
        let found = place.run(["recipes", word]).ok();
        assert!(found.stdout.starts_with(recipe), "{word}: {found}");
    }
    // What is no recipe has a place of its own.
    for (words, place_of_it) in [
        ("ModuleNotFoundError: No module named 'django'", "requirements.txt"),
        ("time limit exceeded", "aws:elasticbeanstalk:command"),
        ("The instance profile aws-elasticbeanstalk-ec2-role does not exist", "beansprout launch"),
        ("migrate from Amazon Linux 1", "beansprout adopt"),
    ] {
        let told = place.run(["recipes", words]).ok();
        assert!(told.stderr.contains(place_of_it), "{words}: {told}");
    }
    let nothing = place.run(["recipes", "qqqq"]).ok();
    assert_eq!(nothing.stdout, "");
    assert!(nothing.stderr.contains("no recipe for `qqqq`"), "{nothing}");
}

#[test]
fn a_recipe_shows_its_files_its_caveats_and_its_sources() {
    let run = Place::new().run(["recipes", "upload-limit"]).ok();
    for part in ["413", "Mind:", "Sources:", "--- .platform/nginx/conf.d/uploads.conf", "add upload-limit --set size=…"]
    {
        assert!(run.stdout.contains(part), "{part}\n{run}");
    }
}

#[test]
fn adding_shows_what_it_did_and_git_undoes_it() {
    let place = Place::new().file("manage.py", "").git();
    assert_snapshot!(place.run(["add", "upload-limit", "--set", "size=100m"]).ok(), @r"
    + .platform/nginx/conf.d/uploads.conf
    ----- stderr -----
    added 1 file
    runs: nginx reads it at each deployment, also when only the configuration changes.
    mind: Django has limits of its own: DATA_UPLOAD_MAX_MEMORY_SIZE counts what is not a file.
    mind: For files over some hundred MB let browsers upload to S3 directly.
    ");
    assert!(place.read(".platform/nginx/conf.d/uploads.conf").contains("client_max_body_size 100m;"));
    let again = place.run(["add", "upload-limit", "--set", "size=100m"]).ok();
    assert!(again.stderr.contains("everything is there already"), "{again}");
    place.sh("git", &["clean", "-qfd"]);
    assert_eq!(place.sh("git", &["status", "--porcelain"]), "");
}

#[test]
fn a_dry_run_and_a_refusal_write_nothing() {
    let place = Place::new().file(".platform/nginx/conf.d/uploads.conf", "mine\n");
    let run = place.run(["add", "upload-limit", "--defaults"]).exit(1);
    assert!(run.stderr.contains("`.platform/nginx/conf.d/uploads.conf` exists with other content"), "{run}");
    assert_eq!(place.read(".platform/nginx/conf.d/uploads.conf"), "mine\n");
    let document = place.run(["--json", "add", "swap-file", "--defaults", "--dry-run"]).ok().document("add/1");
    assert_eq!(document["files"][0]["change"], "new");
    assert!(!place.exists(".ebextensions"));
    let typo = place.run(["add", "swap-fil"]).exit(2);
    assert!(typo.stderr.contains("did you mean `swap-file`?"), "{typo}");
    let silent = place.run(["add", "swap-file"]).exit(2);
    assert!(silent.stderr.contains("`megabytes` has no answer"), "{silent}");
}

#[test]
fn a_person_sees_the_files_before_they_are_written() {
    let place = Place::new();
    let mut terminal = Terminal::run(&place, 100, &["add", "imdsv2-only"]);
    terminal.sees("DisableIMDSv1").sees("Write 1 file?").types("n");
    let (exit, screen) = terminal.ends();
    assert_eq!(exit, 1, "{screen}");
    assert!(!place.exists(".ebextensions"));
    let mut terminal = Terminal::run(&place, 100, &["add", "imdsv2-only"]);
    terminal.sees("Write 1 file?").types("y");
    assert_eq!(terminal.ends().0, 0);
    assert!(place.exists(".ebextensions/23-imds.config"));
}

/// The packages that recipes tell their reader to add.
fn asked_for(project: &std::path::Path) {
    let list = project.join("requirements.txt");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, format!("{text}celery==5.5.3\n")).unwrap();
}

#[test]
fn our_own_check_finds_nothing_in_any_recipe() {
    let all = names(&Place::new());
    assert!(all.len() >= 25);
    for name in all {
        let place = Place::new();
        place.run(["new", "shop", "--defaults", "--set", "profile=steady"]).ok();
        let shop = Place::new();
        std::fs::rename(place.path("shop"), shop.path("x")).unwrap();
        // What the skeleton has already is not what the recipe is about.
        for part in [".ebextensions", ".platform", "bin"] {
            std::fs::remove_dir_all(shop.path("x").join(part)).unwrap();
        }
        std::fs::remove_file(shop.path("x").join("Procfile")).unwrap();
        // Which settings commands work with is said by the skeleton, and not by a recipe.
        let settings = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    DJANGO_SETTINGS_MODULE: shop.settings.production\n";
        shop.write("x/.ebextensions/00-settings.config", settings);
        let inside = shop.path("x").to_str().unwrap().to_owned();
        let mut arguments =
            vec!["-C".to_owned(), inside.clone(), "add".to_owned(), name.clone(), "--defaults".to_owned()];
        arguments.extend(answers(&name).iter().map(|answer| format!("--set={answer}")));
        shop.run(&arguments).ok();
        asked_for(&shop.path("x"));
        let check = shop.run(["-C", &inside, "--json", "check"]);
        let findings = check.json()["findings"].as_array().unwrap().clone();
        // Without the skeleton's own options some rules miss them; only what the recipe wrote counts.
        let recipe = place.run(["--json", "recipes", &name]).ok().json()["recipes"][0].clone();
        for finding in findings {
            let path = finding["path"].as_str().unwrap_or_default();
            let own = recipe["files"].as_array().unwrap().iter().any(|file| file["path"] == path);
            // A note such as "nobody fetches the log of this command" is about the rest of the project.
            assert!(!own || finding["level"] == "note", "{name}: {finding:#}");
        }
    }
}

/// As the platform includes them: `conf.d/*.conf` in `http`, `conf.d/elasticbeanstalk/*.conf` in `server`, where its own
/// `location /` is a file as well.
fn nginx_takes(place: &Place, conf: &std::path::Path) {
    let own = conf.join("elasticbeanstalk/00_application.conf").exists();
    let application = if own { "" } else { "location / { proxy_pass http://127.0.0.1:8000; }" };
    let config = format!(
        "pid {0}/pid;\nevents {{}}\nhttp {{\naccess_log off;\ninclude {1}/*.conf;\n\
         map $http_upgrade $connection_upgrade {{ default upgrade; }}\n\
         server {{\nlisten 8080;\nclient_header_timeout 60;\nclient_body_timeout 60;\nkeepalive_timeout 60;\n\
         gzip off;\ngzip_comp_level 4;\ngzip_types text/css;\ninclude {1}/elasticbeanstalk/*.conf;\n{application}\n}}\n}}\n",
        place.dir().display(),
        conf.display()
    );
    place.write("nginx.conf", config);
    let config = place.path("nginx.conf");
    place.sh("nginx", &["-t", "-q", "-e", "stderr", "-c", config.to_str().unwrap()]);
}

/// One after the other, in both orders, beside what the stacks write: a recipe is added, or says why it does not fit, and what
/// was added has one value for each option and is one configuration of nginx.
#[test]
fn recipes_and_stacks_go_together() {
    let nginx = Command::new("nginx").arg("-v").output().is_ok();
    let all = names(&Place::new());
    let stacks: [&[&str]; 4] = [
        &[],
        &["--stack", "python"],
        &["--stack", "docker", "--set", "profile=steady"],
        &["--stack", "worker", "--set", "profile=steady"],
    ];
    for stack in stacks {
        for backwards in [false, true] {
            let place = Place::new();
            place.run([&["new", "shop", "--defaults", "--set", "profile=steady"][..], stack].concat()).ok();
            if stack.is_empty() {
                for part in [".ebextensions", ".platform"] {
                    std::fs::remove_dir_all(place.path("shop").join(part)).unwrap();
                }
            }
            let mut names = all.clone();
            if backwards {
                names.reverse();
            }
            let mut added = 0;
            for name in &names {
                let mut arguments = vec!["-C", "shop", "add", name.as_str(), "--defaults", "--yes"];
                arguments.extend(answers(name).iter().flat_map(|answer| ["--set", *answer]));
                let run = place.run(&arguments);
                if run.stderr.starts_with("error: ") {
                    run.exit(1);
                } else {
                    run.ok();
                    added += 1;
                }
            }
            assert!(added >= 30, "{stack:?}: {added}");
            asked_for(&place.path("shop"));
            let check = place.run(["-C", "shop", "--json", "check"]);
            for finding in check.json()["findings"].as_array().unwrap() {
                assert!(stack.is_empty() || finding["level"] == "note", "{stack:?}: {finding:#}");
                let rule = finding["rule"].as_str().unwrap();
                assert!(!["EB140", "EB142", "EB143", "EB204", "EB218"].contains(&rule), "{finding:#}");
            }
            let conf = place.path("shop/.platform/nginx/conf.d");
            if nginx {
                nginx_takes(&place, &conf);
            }
        }
    }
}

#[test]
fn a_recipe_says_what_it_does_not_go_with() {
    let single = "option_settings:\n  aws:elasticbeanstalk:environment:\n    EnvironmentType: SingleInstance\n";
    let place = Place::new().file("manage.py", "").file(".ebextensions/10.config", single);
    let run = place.run(["add", "no-downtime", "--defaults"]).exit(1);
    assert!(run.stderr.contains("needs a load balancer"), "{run}");
    let place =
        Place::new().file("manage.py", "").file(".platform/nginx/conf.d/mine.conf", "proxy_read_timeout 90s;\n");
    let run = place.run(["add", "slow-requests", "--defaults"]).exit(1);
    assert!(run.stderr.contains("`proxy_read_timeout` is in `.platform/nginx/conf.d/"), "{run}");
    assert!(!place.exists(".ebextensions"));
    let idle = "option_settings:\n  aws:elbv2:loadbalancer:\n    IdleTimeout: 90\n";
    let place = Place::new().file("manage.py", "").file(".ebextensions/10.config", idle);
    let run = place.run(["add", "websockets", "--defaults"]).exit(1);
    assert!(run.stderr.contains("sets `IdleTimeout` to `3600`, and `.ebextensions/10.config` says `90`"), "{run}");
    place.write(".ebextensions/10.config", idle.replace("90", "3600"));
    place.run(["add", "websockets", "--defaults"]).ok();
}

#[test]
fn regions_that_are_not_known_are_told() {
    let place = Place::new().file("manage.py", "");
    let set = ["add", "root-domain", "--defaults", "--set", "domain=example.com", "--set"];
    let name = |region: &str| format!("cname=shop.{region}.elasticbeanstalk.com");
    let run = place.run([&set[..], &[name("mx-central-9").as_str()]].concat()).exit(3);
    assert!(run.stderr.contains("region `mx-central-9` is not known here"), "{run}");
    place.run([&set[..], &[name("mx-central-9").as_str(), "--set", "zone=ZABCDEFGH12"]].concat()).ok();
    assert!(place.read("ops/root-domain.json").contains("ZABCDEFGH12"));
    let gov = Place::new().file("manage.py", "");
    gov.run([&set[..], &[name("us-gov-east-1").as_str()]].concat()).ok();
    assert!(gov.read("ops/root-domain.json").contains("Z35TSARG0EJ4VU"));
}

#[test]
fn nginx_takes_every_recipe() {
    if Command::new("nginx").arg("-v").output().is_err() {
        left_out("nginx is not installed (Debian: `nginx`)");
        return;
    }
    let mut tried = 0;
    for name in names(&Place::new()) {
        let place = Place::new().file("manage.py", "");
        add(&place, &name);
        let conf = place.path(".platform/nginx/conf.d");
        if !conf.exists() {
            continue;
        }
        tried += 1;
        nginx_takes(&place, &conf);
    }
    assert!(tried >= 8, "{tried}");
}

#[test]
fn scripts_of_recipes_are_well_formed() {
    let shellcheck = Command::new("shellcheck").arg("--version").output().is_ok();
    if !shellcheck {
        left_out("shellcheck is not installed (Debian: `shellcheck`); `bash -n` looks instead");
    }
    let mut tried = 0;
    for name in names(&Place::new()) {
        let place = Place::new().file("manage.py", "");
        add(&place, &name);
        let found = place.sh("find", &[".", "-type", "f", "-perm", "-100"]);
        for script in found.lines() {
            tried += 1;
            if shellcheck {
                place.sh("shellcheck", &[script]);
            } else {
                place.sh("bash", &["-n", script]);
            }
        }
    }
    assert!(tried >= 6, "{tried}");
}

/// A team's own reverse dictionary is a folder in git.
#[test]
fn recipes_come_from_elsewhere() {
    let recipe = "title = 'Tell the team'\nproblem = 'Nobody hears of a deployment.'\nwords = ['chat', 'notify']\nruns = 'After each deployment.'\n\
        caveats = []\nsources = ['the team']\n\n[[question]]\nkey = 'room'\nask = 'Which room?'\ntype = 'text'\ndefault = 'ops'\n\n[[file]]\n\
        path = '.platform/hooks/postdeploy/95_tell.sh'\nexecutable = true\ncontent = \"\"\"\n#!/bin/bash\necho {{ room }}\n\"\"\"\n";
    let place = Place::new()
        .var("GIT_AUTHOR_NAME", "Test")
        .var("GIT_AUTHOR_EMAIL", "test@example.invalid")
        .var("GIT_COMMITTER_NAME", "Test")
        .var("GIT_COMMITTER_EMAIL", "test@example.invalid")
        .file("team/recipes/tell.toml", recipe)
        .file("shop/beansprout.toml", "[project]\nname = 'shop'\n");
    let listed = place.run(["recipes", "--from", "./team/recipes"]).ok();
    assert_eq!(listed.stdout, "tell  Tell the team\n");
    let shown = place.run(["--json", "recipes", "notify", "--from", "./team/recipes"]).ok().document("recipes/1");
    assert_eq!(shown["recipes"][0]["from"], "./team/recipes");
    let page = place.run(["recipes", "tell", "--from", "./team/recipes"]).ok();
    assert!(page.stdout.contains("Add it: `beansprout add tell --from ./team/recipes --set room=…`"), "{page}");
    // The box does not know it.
    place.run(["-C", "shop", "add", "tell", "--yes", "--defaults"]).exit(2);
    place.run(["-C", "shop", "add", "tell", "--from", "../team/recipes", "--yes", "--set", "room=all"]).ok();
    assert_eq!(place.read("shop/.platform/hooks/postdeploy/95_tell.sh"), "#!/bin/bash\necho all\n");
    // A commit of a repository, told by its name.
    place.sh("git", &["init", "-q", "team"]);
    place.sh("git", &["-C", "team", "add", "-A"]);
    place.sh("git", &["-C", "team", "commit", "-qm", "one"]);
    let commit = place.sh("git", &["-C", "team", "rev-parse", "HEAD"]);
    place.write("team/recipes/tell.toml", "broken");
    let url = format!("git+file://{}#subdirectory=recipes", place.path("team").display());
    let run = place.run(["recipes", "--from", &url]).ok();
    assert!(run.stderr.contains(commit.trim()), "{run}");
    // Held to what stacks are held to.
    place.write("team/recipes/tell.toml", recipe);
    place.run(["recipes", "--from", "./team/recipes", "--check"]).ok().stderr.contains("1 recipe, 0 remarks");
    place.write("team/recipes/tell.toml", recipe.replace("{{ room }}", "{{ rom }}"));
    let document =
        place.run(["--json", "recipes", "--from", "./team/recipes", "--check"]).exit(1).document("recipes-check/1");
    assert!(document["remarks"][0]["hint"].as_str().unwrap().contains("did you mean `room`?"));
    assert!(place.run(["recipes", "--from", "./shop"]).exit(3).stderr.contains("beansprout.toml"));
    assert!(place.run(["recipes", "--from", "team"]).exit(2).stderr.contains("./team-recipes"));
}
