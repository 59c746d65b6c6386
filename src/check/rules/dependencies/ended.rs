//! Ended: packages of which there will be no newer version, and what goes on in their place.

/// What goes on where a package has ended.
const SUCCESSORS: [(&str, &str); 8] = [
    ("aioredis", "`redis.asyncio` of `redis` 4.2 and newer"),
    ("boto", "`boto3`"),
    ("django-rest-auth", "`dj-rest-auth`"),
    ("djangorestframework-jwt", "`djangorestframework-simplejwt`"),
    ("flask-jwt", "`flask-jwt-extended`"),
    ("flask-restplus", "`flask-restx`"),
    ("flask-script", "Flask's own command line"),
    ("flask-uploads", "`flask-reuploaded`"),
];

pub(super) fn successor(name: &str) -> Option<&'static str> {
    SUCCESSORS.iter().find(|(ended, _)| *ended == name).map(|(_, successor)| *successor)
}
