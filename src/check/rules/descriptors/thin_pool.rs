//! Thin pool: the volume in which Docker of the first Amazon Linux had its images.
//!
//! Source: Developer Guide, "Migrating your Elastic Beanstalk Linux application to Amazon Linux 2023 or Amazon Linux 2".

use crate::check::subject::Subject;
use crate::level::Level;

const DEVICE: &str = "/dev/xvdcz";

pub(super) fn check(subject: &mut Subject<'_>) {
    let used = subject.customizations.used();
    let set = used.flat_map(|file| file.option_settings.iter().map(move |setting| (file, setting)));
    let mut found = set.filter(|(_, setting)| {
        setting.name.value == "BlockDeviceMappings"
            && setting.value.value.split(',').any(|one| one.trim().starts_with(DEVICE))
    });
    let Some((file, setting)) = found.next() else { return };
    // Whoever formats or mounts it has a use for it.
    if subject.scripts().iter().any(|script| script.text.contains("xvdcz") || script.text.contains("nvme")) {
        return;
    }
    let message = format!(
        "nobody uses the volume `{DEVICE}`: since Amazon Linux 2, Docker has images and containers on the root volume"
    );
    let fix = "take it out; for more space, set `RootVolumeSize` in `aws:autoscaling:launchconfiguration`";
    subject.find("EB381", &file.path, setting.value.span.clone(), message, fix).level = Level::Warning;
}
