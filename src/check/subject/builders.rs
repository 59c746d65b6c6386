//! Builders: what builds and deploys the project, before anything is on an instance.

use super::Subject;
use crate::beanstalk::tree::is_pipeline;

impl<'a> Subject<'a> {
    /// Does a service that builds and deploys say this? What it makes may ship with the bundle.
    pub(in crate::check) fn in_pipeline(&self, word: &str) -> bool {
        let mut texts = self.tree.iter().filter(|(path, _)| is_pipeline(path));
        texts.any(|(path, _)| self.tree.text(path).is_some_and(|text| text.contains(word)))
    }

    /// Does something that builds and deploys the project name a file of this name? It may make it, outside of git.
    pub(in crate::check) fn pipeline_names(&self, name: &str) -> bool {
        self.builders().any(|(_, text)| text.contains(name))
    }

    /// What builds and deploys the project, before anything is on an instance: the paths of its files and their texts.
    pub(in crate::check) fn builders(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let runs_there = |path: &str| self.scripts.iter().any(|script| script.path == path);
        let builds =
            move |path: &str| is_pipeline(path) || path == "Makefile" || (path.ends_with(".sh") && !runs_there(path));
        self.tree
            .iter()
            .filter(move |(path, _)| builds(path))
            .filter_map(|(path, _)| Some((path, self.tree.text(path)?)))
    }
}
