//! The commands of a sequence, how the first of them can end, and what happens between two.

use beansprout::sandbox::{Injection, Rule};

use super::seen::{GREEN, RELEASED, REVIEW};
use crate::sandbox::rule;

/// What a command is about, so that one can say what it must have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// This content is registered.
    Published(&'static str),
    /// Registered, and the environment runs it.
    Released(&'static str),
    /// The environment runs it.
    Runs(&'static str),
    /// The environment is on its way to it.
    Asked(&'static str),
    /// The environment runs what ran well before.
    Back,
    /// The environment is ready and well.
    Well,
    /// Nothing is left that nobody needs.
    Pruned { bundles: bool },
    /// What the newest record has is registered.
    Restored,
    /// This environment is there, with this version.
    Launched(&'static str, &'static str),
    /// The two have each other's names.
    Swapped(&'static str, &'static str),
    /// The files say what lives.
    Captured,
    /// Somebody else moves the environment.
    Foreign,
    /// Two days pass.
    Days,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Verb {
    pub(super) name: &'static str,
    pub(super) goal: Goal,
    pub(super) words: &'static [&'static str],
    /// The call from which on AWS is another.
    pub(super) point: Option<&'static str>,
}

const fn verb(name: &'static str, goal: Goal, words: &'static [&'static str], point: Option<&'static str>) -> Verb {
    Verb { name, goal, words, point }
}

const REGISTER: Option<&str> = Some("CreateApplicationVersion");
const UPDATE: Option<&str> = Some("UpdateEnvironment");
const DELETE: Option<&str> = Some("DeleteApplicationVersion");
const CREATE: Option<&str> = Some("CreateEnvironment");
const SWAP: Option<&str> = Some("SwapEnvironmentCNAMEs");
const LAUNCH: &[&str] = &["launch", REVIEW, "--version", "v1", "--timeout", "0", "--settle", "0", "--apply"];
const PRUNE: &[&str] = &["prune", "--apply", "--keep", "1"];
const PRUNE_ALL: &[&str] = &["prune", "--apply", "--keep", "1", "--delete-bundles", "--archive", "old"];

pub(super) const VERBS: &[Verb] = &[
    verb("publish A", Goal::Published("a"), &["publish", "--tag", "keep=true", "--message", "one"], REGISTER),
    verb("publish B", Goal::Published("b"), &["publish"], REGISTER),
    verb("publish --deploy", Goal::Released("c"), &["publish", "--deploy", "shop-prod", "--wait"], UPDATE),
    verb("deploy v4", Goal::Runs("v4"), &["deploy", "v4", "--env", "shop-prod"], UPDATE),
    verb("deploy --no-wait", Goal::Asked("v4"), &["deploy", "v4", "--env", "shop-prod", "--no-wait"], UPDATE),
    verb("deploy --when-ready", Goal::Runs("v2"), &["deploy", "v2", "--env", "shop-prod", "--when-ready"], UPDATE),
    verb("rollback", Goal::Back, &["rollback", "--env", "shop-prod"], UPDATE),
    verb("rollback v0", Goal::Runs("v0"), &["rollback", "v0", "--env", "shop-prod"], UPDATE),
    verb("wait", Goal::Well, &["wait", "--env", "shop-prod"], None),
    verb("prune", Goal::Pruned { bundles: false }, PRUNE, DELETE),
    verb("prune bundles", Goal::Pruned { bundles: true }, PRUNE_ALL, DELETE),
    verb("publish --undo", Goal::Restored, &["publish", "--undo"], REGISTER),
    verb("launch", Goal::Launched(REVIEW, "v1"), LAUNCH, CREATE),
    verb("swap", Goal::Swapped(RELEASED, GREEN), &["swap", RELEASED, GREEN, "--watch", "0", "--apply"], SWAP),
    verb("capture", Goal::Captured, &["capture"], None),
    verb("foreign v3", Goal::Foreign, &["deploy", "v3", "--env", "shop-prod", "--no-wait"], UPDATE),
    verb("two days", Goal::Days, &[], None),
];

impl Verb {
    /// Does it move an environment to a version?
    pub(super) fn moves(&self) -> bool {
        self.point == UPDATE || self.point == CREATE
    }

    /// Does it move the environment that releases go to?
    pub(super) fn releases(&self) -> bool {
        self.point == UPDATE
    }

    /// Is it one of our commands, of which we must keep what we promise?
    pub(super) fn is_ours(&self) -> bool {
        !matches!(self.goal, Goal::Foreign | Goal::Days)
    }
}

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Done,
    /// The call is refused.
    Refused,
    /// It is done, and its answer is lost.
    Lost,
    /// The credentials expire right after it.
    Expired,
    Interrupted,
    Killed,
    /// The environment takes longer than the command looks.
    TimeUp,
    RollsBack,
    TurnsRed,
    Fails,
}

impl Ending {
    pub(super) const ALL: [Self; 10] = [
        Self::Done,
        Self::Refused,
        Self::Lost,
        Self::Expired,
        Self::Interrupted,
        Self::Killed,
        Self::TimeUp,
        Self::RollsBack,
        Self::TurnsRed,
        Self::Fails,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Lost => "answer lost",
            Self::Expired => "expired after it",
            Self::Interrupted => "SIGINT after it",
            Self::Killed => "SIGKILL after it",
            Self::TimeUp => "goes on",
            Self::RollsBack => "rolled back",
            Self::TurnsRed => "turns red",
            Self::Fails => "fails",
        }
    }

    pub(super) fn signal(self) -> Option<&'static str> {
        match self {
            Self::Interrupted => Some("INT"),
            Self::Killed => Some("KILL"),
            _ => None,
        }
    }

    /// Can this command end so?
    pub(super) fn fits(self, verb: &Verb) -> bool {
        match self {
            Self::Done => true,
            Self::TimeUp | Self::RollsBack | Self::TurnsRed | Self::Fails => verb.moves(),
            // Nobody knows how somebody else's command ended.
            _ => verb.point.is_some() && verb.is_ours(),
        }
    }

    /// What has to go wrong, at this call and after it.
    pub(super) fn rules(self, verb: &Verb, call: usize) -> Vec<Rule> {
        let at = |call, fault| rule("*", fault, call, 1);
        let on = |fault| at(call, fault);
        // The first that a call meets keeps it from the others, so they count on from there.
        let mut rules = match self {
            Self::Done => Vec::new(),
            Self::Refused => vec![on(Injection::AccessDenied)],
            Self::Lost => vec![on(Injection::ResetAfter)],
            Self::Expired => vec![at(call + 1, Injection::ExpiredToken)],
            Self::Interrupted | Self::Killed if verb.moves() => {
                vec![on(Injection::DeploymentHangs), on(Injection::Stall)]
            }
            Self::Interrupted | Self::Killed => vec![at(call + 1, Injection::Stall)],
            Self::TimeUp => vec![on(Injection::DeploymentHangs)],
            Self::RollsBack => vec![on(Injection::DeploymentRollsBack)],
            Self::TurnsRed => vec![on(Injection::DeploymentTurnsRed)],
            Self::Fails => vec![on(Injection::DeploymentFails)],
        };
        rules.extend(verb.always());
        rules
    }
}

impl Verb {
    /// AWS has been seen to delete a version that an environment runs: nothing may rely on its refusal.
    pub(super) fn always(&self) -> Vec<Rule> {
        let rule = || rule("DeleteApplicationVersion", Injection::DeleteDeployed, 0, u32::MAX);
        if self.point == DELETE { vec![rule()] } else { Vec::new() }
    }
}

/// What happens between two commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    EndsWell,
    Nothing,
    EndsBadly,
    HalfHour,
}

impl Between {
    pub(super) const ALL: [Self; 4] = [Self::EndsWell, Self::Nothing, Self::EndsBadly, Self::HalfHour];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "at once",
            Self::EndsWell => "after it ended well",
            Self::EndsBadly => "after it was rolled back",
            Self::HalfHour => "31 minutes later",
        }
    }
}
