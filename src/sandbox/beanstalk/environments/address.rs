//! The name under which the world finds an environment.

use serde_json::{Value, json};

use super::super::call::Call;
use crate::sandbox::reply::Refusal;
use crate::sandbox::state::Region;

pub(super) fn random(length: usize) -> String {
    (0..length).map(|_| fastrand::alphanumeric().to_ascii_lowercase()).collect()
}

fn domain(call: &Call<'_>) -> String {
    format!("{}.elasticbeanstalk.com", call.region)
}

pub(super) fn cname(call: &Call<'_>, region: &Region, name: &str) -> Result<String, Refusal> {
    let Some(prefix) = call.input.text("CNAMEPrefix") else {
        return Ok(format!("{}.eba-{}.{}", name.to_lowercase(), random(8), domain(call)));
    };
    let cname = full_cname(call, prefix)?;
    if region.has_cname(&cname) {
        return Err(Refusal::value(format!("DNS name {cname} is not available.")));
    }
    Ok(cname)
}

fn full_cname(call: &Call<'_>, prefix: &str) -> Result<String, Refusal> {
    let plain = prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !plain || prefix.starts_with('-') || prefix.ends_with('-') {
        return Err(Refusal::value(format!("Value {prefix} at 'CNAMEPrefix' is not a valid DNS label.")));
    }
    Ok(format!("{}.{}", prefix.to_lowercase(), domain(call)))
}

pub(in crate::sandbox::beanstalk) fn check_dns(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let cname = full_cname(call, call.input.required("CNAMEPrefix"))?;
    Ok(json!({"Available": !region.has_cname(&cname), "FullyQualifiedCNAME": cname}))
}
