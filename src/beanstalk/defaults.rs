//! Platform defaults: what acts where a project writes nothing.
//!
//! Whoever generates, adopts, checks or runs a project asks here, because an omission is a decision too: the proxy serves a
//! folder named `static` without being told, and hides the files of everything else below that path.
//!
//! Source: AWS documentation, "Using the Elastic Beanstalk Python platform", "Configuring the reverse proxy" and
//! "Environment types".

use super::tree::Tree;

/// The namespace whose options map paths to folders.
pub const STATIC_FILES: &str = "aws:elasticbeanstalk:environment:proxy:staticfiles";
/// The path that the proxy serves by itself, where the bundle has the folder.
pub const STATIC_PATH: &str = "/static";
/// The folder of the bundle that is served there.
pub const STATIC_FOLDER: &str = "static";
/// Where the proxy asks for the application, unless the property `PORT` says otherwise.
pub const APPLICATION_PORT: u16 = 8000;
/// What health checks ask for.
pub const HEALTH_PATH: &str = "/";
/// The proxy's limit for the body of a request, in bytes.
pub const BODY_BYTES: u64 = 1_048_576;
/// How long the proxy waits for the application's next word, in seconds.
pub const PROXY_SECONDS: u64 = 60;

/// One default, and what a usual Django project makes of it.
#[derive(Debug, Clone, Copy)]
pub struct PlatformDefault {
    /// What is not written.
    pub unwritten: &'static str,
    /// What then holds on the Python platform.
    pub then: &'static str,
    /// What that does to a usual Django project.
    pub django: &'static str,
    /// Who answers it here: a rule, or what we generate.
    pub answer: &'static str,
}

/// Every default that a usual Django project meets.
pub const DEFAULTS: &[PlatformDefault] = &[
    PlatformDefault {
        unwritten: "a mapping for `/static`",
        then: "the proxy serves the bundle's folder `static`, if there is one",
        django: "`STATICFILES_DIRS` often is that folder: all that `collectstatic` gathers elsewhere is a 404, also with WhiteNoise",
        answer: "EB131; `new` and `adopt` map `/static` to `STATIC_ROOT`",
    },
    PlatformDefault {
        unwritten: "a mapping below `/static/`",
        then: "the longest mapped path wins over the application",
        django: "uploads with a `MEDIA_URL` below `/static/` are looked for in the folder of static files",
        answer: "EB131",
    },
    PlatformDefault {
        unwritten: "the property `PORT`",
        then: "the proxy asks port 8000, and no process of the `Procfile` has a `PORT`",
        django: "a server that listens elsewhere is a 502",
        answer: "EB004; the generated `gunicorn.conf.py`",
    },
    PlatformDefault {
        unwritten: "a `Procfile`",
        then: "gunicorn starts `application` of `application.py`, or what `WSGIPath` names, with 1 worker and 15 threads",
        django: "Django has no `application.py`: nothing serves",
        answer: "EB001; the generated `Procfile`",
    },
    PlatformDefault {
        unwritten: "a health path",
        then: "health checks ask `/`, with the instance's address as host, over plain HTTP",
        django: "400 for the host, 301 to HTTPS or 302 to a login: the instance is replaced",
        answer: "EB010, EB012, EB013; the generated middleware",
    },
    PlatformDefault {
        unwritten: "`client_max_body_size`",
        then: "nginx refuses bodies over 1 MB with a 413",
        django: "uploads that work on the desk",
        answer: "the generated `uploads.conf`, recipe `upload-limit`",
    },
    PlatformDefault {
        unwritten: "a time-out",
        then: "nginx and the load balancer give up after 60 seconds, gunicorn after 30",
        django: "reports and exports end as 502 or 504",
        answer: "the generated `gunicorn.conf.py`, recipe `slow-requests`",
    },
    PlatformDefault {
        unwritten: "`EnvironmentType`",
        then: "load balanced, unless whoever creates the environment says otherwise",
        django: "a project with SQLite gets more than one instance",
        answer: "EB080; the generated `20-instances.config`",
    },
    PlatformDefault {
        unwritten: "log rotation and streaming",
        then: "`/var/log/web.stdout.log` is rotated; other files grow, and all end with the instance",
        django: "a `LOGGING` file fills the disk, or belongs to root",
        answer: "EB090; `LOGGING` to the console",
    },
    PlatformDefault {
        unwritten: "the metadata service",
        then: "Amazon Linux 2023 answers IMDSv2 only",
        django: "settings that ask it for `ALLOWED_HOSTS` without a token find nothing",
        answer: "EB011",
    },
];

/// Does the bundle's own folder answer `/static`? `mapped` are the paths that the project maps itself.
pub fn serves_static_folder<'a>(has_folder: bool, mut mapped: impl Iterator<Item = &'a str>) -> bool {
    has_folder && !mapped.any(|path| path.trim_matches('/') == STATIC_FOLDER)
}

/// The same question of a tree.
pub fn serves_static_of<'a>(tree: &Tree, mapped: impl Iterator<Item = &'a str>) -> bool {
    serves_static_folder(tree.is_dir(STATIC_FOLDER), mapped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_served_until_somebody_maps_the_path() {
        let tree = Tree::default().file("static/app.css", "");
        assert!(serves_static_of(&tree, [].into_iter()));
        assert!(serves_static_of(&tree, ["/static/admin", "media"].into_iter()));
        assert!(!serves_static_of(&tree, ["/static/"].into_iter()));
        assert!(!serves_static_of(&Tree::default().file("shop/static/app.css", ""), [].into_iter()));
    }

    #[test]
    fn every_rule_that_is_named_exists() {
        for default in DEFAULTS {
            let named =
                default.answer.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.starts_with("EB"));
            for id in named {
                assert!(crate::check::catalogue::rule(id).is_some(), "{id}");
            }
        }
    }
}
