//! What is said while a bundle is published, with a bar while bytes go over the wire.

use crate::release::{BucketSecurity, DownloadEvent, PublishEvent};
use crate::ui::{Progress, Ui, bytes};

/// Tells how publishing goes, with a bar while bytes go over the wire.
pub(crate) struct Telling {
    progress: Progress,
    dry_run: bool,
}

impl Telling {
    /// A rehearsal does not use the words of the performance.
    pub(crate) fn new(dry_run: bool) -> Self {
        Self { progress: Progress::hidden(), dry_run }
    }

    pub(crate) fn tell(&mut self, event: &PublishEvent<'_>, ui: &mut Ui) {
        match event {
            PublishEvent::Comparing(DownloadEvent::Downloading { bytes: total, from, .. }) => {
                ui.say(format_args!("`{from}` is there with other bytes; comparing its content"));
                self.progress = ui.progress("downloading", *total);
            }
            PublishEvent::Comparing(DownloadEvent::Received { bytes }) => self.progress.advance(*bytes),
            PublishEvent::Repacked { at } => {
                self.progress = Progress::hidden();
                ui.say(format_args!("`{at}` has the same content, packed by another compressor"));
            }
            PublishEvent::Guarded { bucket, security } => guarded(bucket, security, ui),
            PublishEvent::Quota(quota) if quota.is_short() => ui.warn(format_args!(
                "{} of {} versions in this region are used; `beansprout prune` shows which nobody needs",
                quota.used, quota.limit
            )),
            PublishEvent::Quota(_) => {}
            PublishEvent::Registering { label, application } if self.dry_run => {
                ui.say(format_args!("would register `{label}` in `{application}`"));
            }
            PublishEvent::Updating { label, what } => {
                let doing = if self.dry_run { "would update" } else { "updating" };
                ui.say(format_args!("{doing} the {what} of `{label}`"));
            }
            PublishEvent::Elsewhere { at, bucket } => {
                ui.warn(format_args!("the bundle of this version is `{at}`, not in `{bucket}`, and stays there"));
            }
            PublishEvent::OtherKey { at, by, key } => match by {
                Some(by) => ui.warn(format_args!("`{at}` is encrypted with `{by}`; it is not known to be `{key}`")),
                None => ui.warn(format_args!("`{at}` is not encrypted with `{key}`, and stays as it is")),
            },
            PublishEvent::StaysUnprocessed { label } => ui.warn(format_args!(
                "`{label}` was registered without being processed, and stays so; another `--label` is processed"
            )),
            PublishEvent::TagsNotSeen(error) => {
                ui.warn(format_args!("whether this version has the project's tags could not be seen: {error}"));
            }
            PublishEvent::SentAgain { at } => {
                self.progress = Progress::hidden();
                ui.warn(format_args!("S3 did not keep in `{at}` what was sent; it is removed and sent once more"));
            }
            PublishEvent::SendingAll(reason) => {
                let doing = if self.dry_run { "would send" } else { "sending" };
                ui.say(format_args!("{doing} all of it: {reason}"));
            }
            PublishEvent::Uploading { bytes: total, to, changed } => {
                let doing = if self.dry_run { "would upload" } else { "uploading" };
                match changed {
                    None => ui.say(format_args!("{doing} {} to `{to}`", bytes(*total))),
                    Some((changed, from)) => ui.say(format_args!(
                        "{doing} {} of {} to `{to}`; the rest is copied inside S3 from `{from}`",
                        bytes(*changed),
                        bytes(*total)
                    )),
                }
                if !self.dry_run {
                    self.progress = ui.progress("uploading", *total);
                }
            }
            PublishEvent::Sent { bytes } => self.progress.advance(*bytes),
            PublishEvent::Registering { label, application } => {
                self.progress = Progress::hidden();
                ui.say(format_args!("registering `{label}` in `{application}`"));
            }
            PublishEvent::NotSeen(error) => ui.warn(format_args!("looking again: {error}")),
            PublishEvent::Processing => ui.say("waiting for Elastic Beanstalk to process it"),
        }
    }
}

/// Whether strangers can get at the bundle, and how it is encrypted.
fn guarded(bucket: &str, security: &BucketSecurity, ui: &mut Ui) {
    let encryption = match (&security.encryption, &security.kms_key) {
        (Some(how), Some(key)) => format!("encrypted by {how} with `{key}`"),
        (Some(how), None) => format!("encrypted by {how}"),
        (None, _) => "its encryption could not be checked".to_owned(),
    };
    match security.public_access_blocked {
        Some(true) => ui.say(format_args!("bucket `{bucket}`: closed to the public, {encryption}")),
        Some(false) => {
            ui.say(format_args!("bucket `{bucket}`: {encryption}"));
            ui.warn(format_args!(
                "bucket `{bucket}` does not block public access; `aws s3api put-public-access-block` closes it"
            ));
        }
        None => ui.say(format_args!(
            "bucket `{bucket}`: whether it is closed to the public could not be checked; {encryption}"
        )),
    }
}
