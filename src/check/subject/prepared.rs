//! Prepared: what shows that a project is to be deployed to Elastic Beanstalk, or may be.

use super::{DOCKERRUN, Subject};
use crate::beanstalk::customizations::EXTENSIONS;
use crate::beanstalk::tree::file_name;

impl Subject<'_> {
    /// Is this meant for Elastic Beanstalk, or a Django project that somebody may want to deploy there?
    ///
    /// A rule about something that is missing asks this first: a library has no `Procfile` and needs none.
    pub(in crate::check) fn deployable(&self) -> bool {
        self.prepared() || self.tree.is_file("manage.py") || self.serves()
    }

    /// Does a module at the top, by one of the names that guides give it, make an application of Flask's or FastAPI's?
    fn serves(&self) -> bool {
        let makes = |text: &str| ["Flask(", "FastAPI("].iter().any(|call| text.contains(call));
        self.tree.is_file("requirements.txt")
            && !["setup.py", "setup.cfg"].iter().any(|name| self.tree.is_file(name))
            && ["app.py", "main.py", "wsgi.py"].iter().any(|name| self.tree.code(name).is_some_and(makes))
    }

    /// Is the server that starts where nobody names one there: `application` in `application.py`?
    fn serves_by_default(&self) -> bool {
        let makes = |line: &str| {
            line.split_once('=').is_some_and(|(name, _)| name.trim_end() == "application")
                || (line.contains("import") && line.trim_end().ends_with(" application"))
        };
        self.tree.code("application.py").is_some_and(|text| text.lines().any(makes))
    }

    /// Does a pipeline deploy it to Elastic Beanstalk?
    fn delivered(&self) -> bool {
        const WORDS: [&str; 5] =
            ["eb deploy", "elasticbeanstalk", "ElasticBeanstalk", "Elastic Beanstalk", "beanstalk-deploy"];
        WORDS.iter().any(|word| self.in_pipeline(word))
    }

    /// Has somebody begun to prepare it for a deployment? Until then `DEBUG = True` is as it should be.
    pub(in crate::check) fn prepared(&self) -> bool {
        let tree = self.tree;
        [EXTENSIONS, ".platform", ".elasticbeanstalk"].iter().any(|dir| tree.is_dir(dir))
            || tree.is_file(crate::project::FILE)
            || tree.is_file("Procfile")
            || tree.is_file(".ebignore")
            || tree.is_file(DOCKERRUN)
            || (tree.is_file("Dockerfile") && self.runs_image())
            // The platform runs what compose describes, and needs nothing beside it.
            || self.composes()
            || self.serves_by_default()
            || self.delivered()
    }

    /// Is the image of the `Dockerfile` run by a `Dockerrun.aws.json` that is kept or made somewhere else than at the top?
    fn runs_image(&self) -> bool {
        let names = |path: &str| {
            let name = file_name(path);
            name.strip_prefix(DOCKERRUN).is_some_and(|rest| matches!(rest, "" | ".template" | ".tpl" | ".j2" | ".dist"))
        };
        self.tree.iter().any(|(path, _)| path.matches('/').count() <= 2 && names(path))
    }
}
