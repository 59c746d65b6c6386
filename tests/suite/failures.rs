//! Sixty ways in which Django fails on Elastic Beanstalk, and what in the generated project prevents each.
//!
//! `docs/src/reference/failure-modes.md` has them row by row and names the test that shows it. What is here are the rows
//! that can be seen in the files; others need a running site or Django's own tests.

use std::path::Path;

use crate::harness::Place;
use crate::matrix::{Rendering, all, renderings};

/// In no rendering of any stack does any file hold this, which the reference names as a mistake: what nobody makes, such
/// as a word that is misspelt here, would be found nowhere and prove nothing.
#[track_caller]
fn never(text: &str) {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/reference");
    let rules = std::fs::read_dir(reference.join("rules")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages = rules.chain([reference.join("failure-modes.md")]);
    let named = pages.any(|page| std::fs::read_to_string(page).unwrap().contains(text.trim_end()));
    assert!(named, "no page of the reference names `{text}`");
    for rendering in all() {
        for path in rendering.files() {
            let content = std::fs::read_to_string(&path).unwrap();
            assert!(!content.contains(text), "{} holds `{text}`", path.display());
        }
    }
}

/// In every rendering of the Python stack this file holds this.
#[track_caller]
fn always(path: &str, text: &str) {
    for rendering in renderings("python") {
        let path = path.replace("PACKAGE", rendering.package());
        let content = rendering.read(&path).unwrap_or_else(|| panic!("no {path}"));
        assert!(content.contains(&text.replace("PACKAGE", rendering.package())), "{path} without `{text}`:\n{content}");
    }
}

/// The same in those renderings only where the answer was given.
#[track_caller]
fn with(key: &str, value: &str, path: &str, text: &str) {
    let chosen: Vec<&Rendering> = renderings("python")
        .iter()
        .filter(|rendering| rendering.answers[key].to_string().trim_matches('"') == value)
        .collect();
    assert!(!chosen.is_empty(), "nobody answered {key} = {value}");
    for rendering in chosen {
        let path = path.replace("PACKAGE", rendering.package());
        let content = rendering.read(&path).unwrap_or_else(|| panic!("no {path} with {key} = {value}"));
        assert!(content.contains(text), "{path} without `{text}`:\n{content}");
    }
}

#[test]
fn row_02_the_server_is_named_as_python_names_it() {
    for rendering in renderings("python") {
        let procfile = rendering.read("Procfile").unwrap();
        let target = procfile.lines().next().unwrap().rsplit(' ').next().unwrap();
        let (module, name) = target.split_once(':').unwrap();
        let file = rendering.read(&format!("{}.py", module.replace('.', "/"))).unwrap();
        assert!(file.contains(&format!("{name} = get_")), "{target}\n{file}");
    }
}

#[test]
fn row_03_no_options_that_a_procfile_overrides() {
    never("aws:elasticbeanstalk:container:python");
}

#[test]
fn row_04_gunicorn_listens_where_nginx_asks() {
    always("gunicorn.conf.py", r#"bind = "127.0.0.1:" + os.environ.get("PORT", "8000")"#);
}

#[test]
fn row_06_nothing_asks_the_metadata_service() {
    never("169.254");
}

#[test]
fn row_08_the_balancer_asks_the_health_path() {
    always(".ebextensions/10-django.config", "Application Healthcheck URL: /health/");
    with("profile", "steady", ".ebextensions/30-scaling.config", "HealthCheckPath: /health/");
    always("PACKAGE/settings/base.py", r#"HEALTH_PATH = "/health/""#);
}

#[test]
fn row_09_django_knows_that_the_visitor_came_by_https() {
    with(
        "https",
        "true",
        "PACKAGE/settings/production.py",
        r#"SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")"#,
    );
    // Without a balancer anybody could send the header.
    for rendering in renderings("python").iter().filter(|rendering| rendering.answers["profile"] == "learning") {
        let settings = rendering.read(&format!("{}/settings/production.py", rendering.package())).unwrap();
        assert!(!settings.contains("SECURE_PROXY_SSL_HEADER"), "{settings}");
    }
}

#[test]
fn row_10_trusted_origins_have_a_scheme() {
    for rendering in renderings("python").iter().filter(|rendering| rendering.answers["domain"] == "example.org") {
        let scheme = if rendering.answers["https"] == true { "https" } else { "http" };
        let settings = rendering.read(&format!("{}/settings/production.py", rendering.package())).unwrap();
        assert!(settings.contains(&format!("\n        \"{scheme}://example.org\",\n")), "{settings}");
    }
}

#[test]
fn row_11_and_13_nginx_serves_the_folder_that_collectstatic_fills() {
    never("python:staticfiles");
    with("static_files", "nginx", ".ebextensions/40-static.config", "    /static: staticfiles\n");
    always("PACKAGE/settings/base.py", r#"STATIC_ROOT = BASE_DIR / "staticfiles""#);
}

#[test]
fn row_16_and_18_migrations_run_on_one_instance_at_a_time() {
    for rendering in renderings("python") {
        let deploy = rendering.read(".ebextensions/50-deploy.config").unwrap();
        let migrate = deploy.split("20_collectstatic").next().unwrap();
        assert!(migrate.contains("migrate_once") && migrate.contains("leader_only: true"), "{deploy}");
        assert!(!migrate.contains("test:"), "{deploy}");
    }
    always("deployment/management/commands/migrate_once.py", "pg_advisory_lock");
    always("deployment/management/commands/migrate_once.py", "GET_LOCK");
}

#[test]
fn row_19_commands_find_the_environments_python() {
    never("/opt/python");
    always(".ebextensions/50-deploy.config", "source /var/app/venv/*/bin/activate && python manage.py");
}

#[test]
fn row_20_migrations_are_made_on_a_desk() {
    for rendering in renderings("python") {
        for path in [".ebextensions/50-deploy.config", ".platform/hooks/postdeploy/90_ready.sh", "Procfile"] {
            assert!(!rendering.read(path).unwrap().contains("makemigrations"), "{path}");
        }
    }
    with("ci", "github", ".github/workflows/publish.yml", "makemigrations --check");
}

#[test]
fn row_21_and_22_database_drivers_are_not_compiled() {
    with("database", "postgresql", "requirements.txt", "psycopg-binary==");
    with("database", "mysql", "requirements.txt", "PyMySQL==");
}

#[test]
fn row_23_nothing_belongs_to_amazon_linux_2() {
    never("amazon-linux-extras");
    never("epel-release");
}

#[test]
fn row_25_to_28_requirements_are_exact_plain_and_alone() {
    for rendering in all() {
        let text = rendering.read("requirements.txt").unwrap();
        assert!(text.is_ascii(), "{text}");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, version) = line.split_once("==").unwrap_or_else(|| panic!("not pinned: {line}"));
            assert!(!name.contains(['/', ' ', '@']) && version.starts_with(|c: char| c.is_ascii_digit()), "{line}");
        }
        for other in ["Pipfile", "Pipfile.lock", "poetry.lock", "uv.lock"] {
            assert_eq!(rendering.read(other), None);
        }
        // It may configure tools; a second list of requirements would be read by people and not by the platform.
        let tools = rendering.read("pyproject.toml").unwrap_or_default();
        assert!(!tools.contains("[project]") && !tools.contains("dependencies ="), "{tools}");
    }
}

#[test]
fn row_29_the_branch_has_the_python_that_django_needs() {
    for rendering in renderings("python") {
        let python = rendering.answers["python"].as_str().unwrap();
        let config = rendering.read(".elasticbeanstalk/config.yml").unwrap();
        assert!(config.contains(&format!("Python {python} running on 64bit Amazon Linux 2023")), "{config}");
        assert!(!(python == "3.11" && rendering.answers["django"] == "6.1"), "Django 6.1 needs 3.12");
    }
}

#[test]
fn row_30_a_slow_installation_has_time() {
    always(".ebextensions/20-instances.config", "Timeout: \"900\"");
}

#[test]
fn row_31_uploads_over_one_megabyte_pass() {
    always(".platform/nginx/conf.d/uploads.conf", "client_max_body_size 20m;");
    never("/etc/nginx/conf.d/\n");
}

#[test]
fn row_32_time_outs_get_longer_from_the_inside_out() {
    for rendering in renderings("python") {
        let text = rendering.read("gunicorn.conf.py").unwrap();
        let number = |name: &str| -> u32 {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap();
            line.rsplit(' ').next().unwrap().parse().unwrap()
        };
        // nginx and the balancer wait 60 seconds.
        assert!(number("timeout") < 60 && number("keepalive") > 60, "{text}");
    }
}

#[test]
fn row_33_and_34_properties_are_read_as_json() {
    always("bin/manage", "get-config\", \"environment\"");
    always("bin/manage", "json.loads");
    never("export $(");
}

#[test]
fn row_35_and_36_secrets_come_from_elsewhere() {
    with(
        "secret_arn",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf:SECRET_KEY",
        ".ebextensions/10-django.config",
        "aws:elasticbeanstalk:application:environmentsecrets:",
    );
    always("PACKAGE/settings/production.py", r#"SECRET_KEY = required("SECRET_KEY")"#);
    always(".ebignore", "\n.env\n");
    always(".gitignore", "\n.env\n");
}

#[test]
fn row_38_a_database_file_never_ships() {
    let place = Place::new();
    place.run(["new", "shop", "--defaults"]).ok();
    place.write("shop/db.sqlite3", "data");
    let listed = place.run(["-C", "shop", "package", "--list"]).ok();
    assert!(!listed.stdout.contains("sqlite"), "{listed}");
    // Production has one only where the answer was the one for learning.
    for rendering in renderings("python").iter().filter(|rendering| rendering.answers["database"] != "sqlite") {
        let settings = rendering.read(&format!("{}/settings/production.py", rendering.package())).unwrap();
        assert!(!settings.contains("sqlite"), "{settings}");
    }
}

#[test]
fn row_39_no_database_belongs_to_the_environment() {
    never("aws:rds:dbinstance");
}

#[test]
fn row_41_cache_and_sessions_are_shared() {
    never("LocMemCache");
    for rendering in renderings("python") {
        let settings = rendering.read(&format!("{}/settings/production.py", rendering.package())).unwrap();
        assert!(settings.contains("DatabaseCache") || settings.contains("RedisCache"), "{settings}");
        assert!(settings.contains("SESSION_ENGINE = "), "{settings}");
        assert!(!settings.contains("get_random_secret_key"), "{settings}");
    }
}

#[test]
fn row_42_logs_go_to_stdout() {
    always("PACKAGE/settings/base.py", "logging.StreamHandler");
    never("logging.FileHandler");
}

#[test]
fn row_43_the_fetched_logs_have_what_commands_said() {
    for tasks in ["taillogs.d", "bundlelogs.d"] {
        always(".ebextensions/60-taillogs.config", &format!("/opt/elasticbeanstalk/tasks/{tasks}/cfn-init.conf:"));
    }
    always(".ebextensions/60-taillogs.config", "/var/log/cfn-init-cmd.log");
}

#[test]
fn row_45_and_46_hooks_run_after_any_kind_of_deployment() {
    for rendering in renderings("python").iter().chain(renderings("worker")) {
        for path in rendering.files() {
            let inside = path.strip_prefix(&rendering.dir).unwrap().to_string_lossy().into_owned();
            if let Some(hook) = inside.strip_prefix(".platform/hooks/") {
                let twin = rendering.read(&format!(".platform/confighooks/{hook}"));
                assert!(twin.is_some_and(|text| text.contains(&format!("hooks/{hook}"))), "{inside} has no twin");
            }
        }
    }
}

#[test]
fn row_48_celery_is_a_process_of_the_procfile() {
    with("celery", "true", "Procfile", "\nworker: celery --app ");
    never("supervisord");
}

#[test]
fn row_49_and_50_periodic_work_is_the_workers() {
    never("/etc/cron.d");
    for rendering in renderings("worker") {
        assert!(rendering.read("cron.yaml").unwrap().contains("schedule: \"15 3 * * *\""));
    }
}

#[test]
fn row_51_websockets_have_a_server_that_knows_them() {
    with("server", "asgi", "gunicorn.conf.py", "uvicorn_worker.UvicornWorker");
    with("server", "asgi", ".platform/nginx/conf.d/websocket.conf", "proxy_read_timeout 3600s;");
}

#[test]
fn row_52_and_53_production_is_what_a_server_starts_in() {
    always("PACKAGE/settings/production.py", "\nDEBUG = False\n");
    always("PACKAGE/wsgi.py", "\"PACKAGE.settings.production\"");
    always("PACKAGE/asgi.py", "\"PACKAGE.settings.production\"");
    always(".ebextensions/10-django.config", "DJANGO_SETTINGS_MODULE: PACKAGE.settings.production");
}

#[test]
fn row_54_a_deployment_ends_with_a_site_that_answers() {
    always(".platform/hooks/postdeploy/90_ready.sh", "/health/ready/");
}

#[test]
fn row_57_each_container_platform_has_its_own_descriptor() {
    for rendering in renderings("docker") {
        assert!(rendering.read("docker-compose.yml").is_some() && rendering.read("Dockerrun.aws.json").is_none());
        assert!(
            rendering
                .read(".elasticbeanstalk/config.yml")
                .unwrap()
                .contains("Docker running on 64bit Amazon Linux 2023")
        );
    }
    for rendering in renderings("ecs") {
        assert!(rendering.read("Dockerrun.aws.json").is_some() && rendering.read("docker-compose.yml").is_none());
        assert!(
            rendering.read(".elasticbeanstalk/config.yml").unwrap().contains("ECS running on 64bit Amazon Linux 2023")
        );
    }
}

#[test]
fn row_58_nothing_is_vendored() {
    for rendering in all() {
        assert!(!rendering.files().iter().any(|path| path.extension().is_some_and(|extension| extension == "whl")));
    }
}

#[test]
fn row_59_connections_are_counted() {
    for rendering in renderings("python").iter().filter(|rendering| rendering.answers["database"] != "sqlite") {
        let gunicorn = rendering.read("gunicorn.conf.py").unwrap();
        let settings = rendering.read(&format!("{}/settings/production.py", rendering.package())).unwrap();
        let workers: u32 =
            gunicorn.split("\"WEB_CONCURRENCY\", \"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        // A worker has four threads, or a pool of four; only MySQL has no pool under an event loop.
        if rendering.answers["server"] == "asgi" && rendering.answers["database"] == "mysql" {
            assert!(settings.contains("keep=0"), "{settings}");
        } else {
            // The worker of Celery has two processes of its own.
            let celery = 2 * u32::from(rendering.answers["celery"] == true);
            assert!(settings.contains(&format!("up to {} connections", workers * 4 + celery)), "{settings}");
        }
        assert!((2..=9).contains(&workers), "{workers}");
    }
}

#[test]
fn row_60_options_are_those_of_instances() {
    never("aws:elasticbeanstalk:eks");
}

/// The table in the book is whole, and every test it names exists.
#[test]
fn the_table_names_a_test_for_each_row_that_is_prevented() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("docs/src/reference/failure-modes.md")).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 60);
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row.len(), 4, "{row:?}");
        assert_eq!(row[0], (index + 1).to_string());
        for test in row[3].split(", ").filter(|test| *test != "–") {
            let test = test.trim_matches('`');
            let (file, name) = test.split_once("::").unwrap_or_else(|| panic!("{test}"));
            let places = [
                format!("tests/suite/{file}.rs"),
                format!("src/stack/{file}.rs"),
                format!("templates/parts/django/files/{file}/tests.py"),
                format!("templates/stacks/worker/files/{file}/tests.py"),
            ];
            let found = places.iter().filter_map(|place| std::fs::read_to_string(root.join(place)).ok());
            let defined = [format!("fn {name}("), format!("def {name}(")];
            assert!(
                found.into_iter().any(|text| defined.iter().any(|defined| text.contains(defined))),
                "no test {test}"
            );
        }
        let prevented = !row[2].starts_with("Not by");
        assert_eq!(prevented, row[3] != "–", "{row:?}");
    }
}
