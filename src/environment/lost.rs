//! What nobody can make again from a description: told before the day, and on it.

use super::description::{Description, Tier};

/// What a rebuild of this environment does not bring back. Data and history never come back; the rest depends on what it is.
pub fn lost(description: &Description) -> Vec<String> {
    let mut lost = Vec::new();
    if description.options.keys().any(|option| option.namespace == "aws:rds:dbinstance") {
        lost.push("the data of its own database, unless its `DBDeletionPolicy` keeps them or a snapshot".to_owned());
    }
    match (description.tier, &description.cname) {
        (Tier::Worker, _) => lost.push("messages in its queue".to_owned()),
        (Tier::Web, None) => lost.push("its name, which AWS made up".to_owned()),
        (Tier::Web, Some(_)) => {}
    }
    lost.push("its id and addresses, and what names them".to_owned());
    lost.push("files on its instances, events, health history and log groups".to_owned());
    lost.push("listener rules, firewalls, alarms and records of DNS that were made elsewhere".to_owned());
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_depends_on_what_it_is() {
        let lost = |rest: &str| {
            let text = format!("format = 'beansprout.environment/1'\n{rest}");
            super::lost(&Description::read("shop", "x", &text).unwrap()).join("; ")
        };
        assert!(lost("").starts_with("its name, which AWS made up"));
        assert!(!lost("cname = 'shop'\n").contains("its name"));
        assert!(lost("tier = 'worker'\n").contains("messages"));
        assert!(lost("[options]\n'aws:rds:dbinstance/DBEngine' = 'mysql'\n").contains("data of its own database"));
    }
}
