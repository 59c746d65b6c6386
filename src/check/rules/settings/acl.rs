//! ACL: rights that each file brings to S3, in which buckets of today take no part.

use super::at;
use super::backends::Backend;
use crate::check::django::{self, Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB376";

/// Since April 2023 S3 makes buckets whose objects belong to their owner, and refuses other ACLs than none or the owner's
/// (Amazon S3 User Guide, "Controlling ownership of objects and disabling ACLs for your bucket").
pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("AWS_DEFAULT_ACL") else { return };
    let backends = [Backend::of_uploads(settings), Backend::of_static_files(settings)];
    let open = |value: &Value| value.text().filter(|acl| acl.starts_with("public-")).map(str::to_owned);
    let Some(acl) = open(setting.value.by_default()) else { return };
    if !backends.iter().any(|backend| is_s3(subject, *backend)) || says_ownership(subject) {
        return;
    }
    let message = format!(
        "every upload to a bucket that was made since April 2023 fails with `AccessControlListNotSupported`: those take no `{acl}`"
    );
    let fix = "write `AWS_DEFAULT_ACL = None`, and say in the policy of the bucket, or by CloudFront, who may read";
    at(subject, RULE, setting, message, fix);
}

/// Does `django-storages` keep the files in S3, by its own class or one of the project's that comes from it?
fn is_s3(subject: &Subject<'_>, backend: Backend<'_>) -> bool {
    const OF_STORAGES: &str = "storages.backends.s3";
    let Backend::Named { class, .. } = backend else { return false };
    let own = class.rsplit_once('.').and_then(|(module, _)| {
        let root = django::root(subject.tree);
        subject.tree.code(&django::module_path(subject.tree, &root, module)?)
    });
    class.starts_with(OF_STORAGES)
        || own.is_some_and(|text| text.contains(OF_STORAGES) && !text.contains("default_acl"))
}

/// Does a file of the project make the bucket, and say who owns what is in it?
fn says_ownership(subject: &Subject<'_>) -> bool {
    subject.tree.iter().any(|(path, _)| {
        let describes = [".config", ".yml", ".yaml", ".json", ".tf", ".template"].iter().any(|end| path.ends_with(end));
        let says = |text: &str| text.contains("OwnershipControls") || text.contains("object_ownership");
        describes && subject.tree.text(path).is_some_and(says)
    })
}
