//! Image reference: the name by which Docker knows an image, in its parts.
//!
//! Source: Docker's documentation of image names, and that its own images are below `library`, which nobody has to write.

/// `docker.io/library/python:3.13-slim@sha256:…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageReference<'a> {
    /// Registry and folder, as they are written.
    pub(crate) place: &'a str,
    pub(crate) name: &'a str,
    pub(crate) tag: Option<&'a str>,
    pub(crate) has_digest: bool,
}

impl<'a> ImageReference<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let (text, has_digest) = text.split_once('@').map_or((text, false), |(text, _)| (text, true));
        let (place, last) = text.rsplit_once('/').unwrap_or(("", text));
        let (name, tag) = last.split_once(':').map_or((last, None), |(name, tag)| (name, Some(tag)));
        Self { place, name, tag, has_digest }
    }

    /// Is it one of Docker's own? Others have images of these names as well.
    pub(crate) fn is_official(&self) -> bool {
        matches!(self.place, "" | "library" | "docker.io" | "docker.io/library" | "public.ecr.aws/docker/library")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_their_parts() {
        let of = |text| {
            let ImageReference { place, name, tag, has_digest } = ImageReference::of(text);
            (place, name, tag, has_digest)
        };
        assert_eq!(of("python"), ("", "python", None, false));
        assert_eq!(of("docker.io/library/python:3.13-slim"), ("docker.io/library", "python", Some("3.13-slim"), false));
        assert_eq!(of("localhost:5000/me/a@sha256:ab"), ("localhost:5000/me", "a", None, true));
        assert_eq!(of("a:1@sha256:ab"), ("", "a", Some("1"), true));
        assert!(ImageReference::of("library/postgres:17").is_official());
        assert!(!ImageReference::of("me/postgres:17").is_official());
    }
}
