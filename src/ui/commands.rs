//! Commands in what is said: each carries the options by which this run found AWS, so that whoever types it means the same.

/// Options that every printed command carries, and the verbs that take them.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    /// As a shell takes them; empty where none were given.
    pub words: String,
    pub verbs: &'static [&'static str],
}

/// How a command begins.
const PROGRAM: &str = "`beansprout ";

impl Carried {
    /// The text, with the options behind each command that takes them and has not got them.
    pub fn told(&self, text: &str) -> String {
        if self.words.is_empty() {
            return text.to_owned();
        }
        // The comment of a file that is shown stays as it is written.
        let line = |line: &str| if line.trim_start().starts_with('#') { line.to_owned() } else { self.line(line) };
        text.split('\n').map(line).collect::<Vec<_>>().join("\n")
    }

    fn line(&self, text: &str) -> String {
        let mut told = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(PROGRAM) {
            let (before, command) = rest.split_at(at + 1);
            told.push_str(before);
            let Some(end) = command.find('`') else {
                rest = command;
                break;
            };
            told.push_str(&self.command(&command[..end]));
            rest = &command[end..];
        }
        told + rest
    }

    /// A command line, with the options.
    fn command(&self, line: &str) -> String {
        let verb = line.split(' ').nth(1).unwrap_or_default();
        if !self.verbs.contains(&verb) || line.contains(&self.words) {
            return line.to_owned();
        }
        // What does it stays last.
        match line.strip_suffix(" --apply") {
            Some(line) => format!("{line} {} --apply", self.words),
            None => format!("{line} {}", self.words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_carry_the_options_of_this_run() {
        let carried = Carried { words: "--profile mine --region eu-west-1".to_owned(), verbs: &["wait", "swap"] };
        #[track_caller]
        fn case(carried: &Carried, text: &str, told: &str) {
            assert_eq!(carried.told(text), told);
            assert_eq!(carried.told(told), told, "twice is once");
        }
        case(
            &carried,
            "`beansprout wait --env shop` watches it; `beansprout swap shop-blue shop-green --apply` is the way back",
            "`beansprout wait --env shop --profile mine --region eu-west-1` watches it; `beansprout swap shop-blue shop-green --profile mine --region eu-west-1 --apply` is the way back",
        );
        case(
            &carried,
            "`beansprout check` finds it; `eb logs shop` has more",
            "`beansprout check` finds it; `eb logs shop` has more",
        );
        let open = format!("an open {PROGRAM}wait");
        case(&carried, &open, &open);
        case(&carried, "writes:\n  # as `beansprout wait` does", "writes:\n  # as `beansprout wait` does");
        let none = Carried { words: String::new(), ..carried };
        case(&none, "`beansprout wait --env shop`", "`beansprout wait --env shop`");
    }
}
