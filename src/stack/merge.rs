//! Three texts become one: line by line, as a set of lines where a file is one, or with markers around what both changed.

use std::collections::BTreeMap;

use super::TargetPath;
use crate::package_name::normal;

/// Text of a merge.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merged {
    Clean(String),
    /// With both sides between markers.
    Marked(String),
}

/// What both sides made of `ancestor`.
pub(super) fn merge(path: &TargetPath, ancestor: &str, ours: &str, theirs: &str) -> Merged {
    let marked = match marked(ancestor, ours, theirs) {
        Ok(merged) => return Merged::Clean(merged),
        Err(marked) => marked,
    };
    // Two that say the same, each in its own words.
    if code(path, ours).is_some_and(|ours| Some(ours) == code(path, theirs)) {
        return Merged::Clean(ours.to_owned());
    }
    let set = Set::of(path).and_then(|set| set.merge(ancestor, ours, theirs));
    set.map_or_else(|| Merged::Marked(labelled(&marked)), Merged::Clean)
}

/// Markers so long that no file has them.
const LENGTH: usize = 120;

fn marked(ancestor: &str, ours: &str, theirs: &str) -> Result<String, String> {
    diffy::MergeOptions::new().set_conflict_marker_length(LENGTH).merge(ancestor, ours, theirs)
}

/// A line of a merge.
enum Line<'a> {
    Open,
    Original,
    Middle,
    Close,
    Text(&'a str),
}

fn lines(marked: &str) -> impl Iterator<Item = Line<'_>> {
    let [open, original, middle, close] = ["<", "|", "=", ">"].map(|letter| letter.repeat(LENGTH));
    marked.split_inclusive('\n').map(move |line| {
        if line.starts_with(&open) {
            Line::Open
        } else if line.starts_with(&original) {
            Line::Original
        } else if line.starts_with(&middle) {
            Line::Middle
        } else if line.starts_with(&close) {
            Line::Close
        } else {
            Line::Text(line)
        }
    })
}

/// With markers of the usual length that say whose each side is.
fn labelled(marked: &str) -> String {
    let line = |line| match line {
        Line::Open => "<<<<<<< yours\n",
        Line::Original => "||||||| before\n",
        Line::Middle => "=======\n",
        Line::Close => ">>>>>>> the stack's\n",
        Line::Text(text) => text,
    };
    lines(marked).map(line).collect()
}

/// The merge with every conflict decided one way, and the other.
pub(super) fn sides(ancestor: &str, ours: &str, theirs: &str) -> [String; 2] {
    let merged = marked(ancestor, ours, theirs).unwrap_or_else(|marked| marked);
    let mut sides = [String::new(), String::new()];
    let mut inside = None;
    for line in lines(&merged) {
        match (line, inside) {
            (Line::Open, _) => inside = Some(Some(0)),
            (Line::Original, _) => inside = Some(None),
            (Line::Middle, _) => inside = Some(Some(1)),
            (Line::Close, _) => inside = None,
            (Line::Text(text), None) => sides.iter_mut().for_each(|side| side.push_str(text)),
            (Line::Text(text), Some(Some(side))) => sides[side].push_str(text),
            (Line::Text(_), Some(None)) => {}
        }
    }
    sides
}

/// Has a text what a merge leaves that nobody finished?
pub(super) fn has_markers(text: &str) -> bool {
    let has = |marker: &str| {
        text.lines().any(|line| line == marker || line.strip_prefix(marker).is_some_and(|rest| rest.starts_with(' ')))
    };
    has("<<<<<<<") && has("=======") && has(">>>>>>>")
}

/// The lines that mean something, of a file whose comments begin with `#`.
fn code<'a>(path: &TargetPath, text: &'a str) -> Option<Vec<&'a str>> {
    const SUFFIXES: [&str; 8] = [".config", ".conf", ".txt", ".toml", ".yml", ".yaml", ".sh", "ignore"];
    let path = path.to_string();
    let known = SUFFIXES.iter().any(|suffix| path.ends_with(suffix));
    let meant = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    known.then(|| text.lines().map(str::trim_end).filter(meant).collect())
}

/// A file that is a set of lines: in which order they stand plays no part, or hardly one.
enum Set {
    /// A line is what it says.
    Patterns,
    /// A line is about the project before its version.
    Requirements,
    /// A line is about the process before its colon.
    Processes,
}

impl Set {
    fn of(path: &TargetPath) -> Option<Self> {
        let path = path.to_string();
        let name = path.rsplit('/').next().unwrap_or_default();
        match name {
            "Procfile" => Some(Self::Processes),
            ".gitignore" | ".ebignore" | ".dockerignore" => Some(Self::Patterns),
            _ if name.starts_with("requirements") && name.ends_with(".txt") => Some(Self::Requirements),
            _ => None,
        }
    }

    fn key(&self, line: &str) -> String {
        let line = line.trim();
        let about = match self {
            Self::Patterns => line,
            _ if line.starts_with('#') || line.starts_with('-') => line,
            Self::Processes => line.split(':').next().unwrap_or_default(),
            Self::Requirements => line
                .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
                .next()
                .unwrap_or_default(),
        };
        match self {
            // One project has one name, however it is written.
            Self::Requirements if !line.starts_with(['#', '-']) => normal(about),
            _ => about.to_owned(),
        }
    }

    /// The lines by what they are about; nothing where one is about two things, or goes on in the next.
    fn read<'a>(&self, text: &'a str) -> Option<BTreeMap<String, &'a str>> {
        let mut read = BTreeMap::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if line.ends_with('\\') || read.insert(self.key(line), line).is_some() {
                return None;
            }
        }
        Some(read)
    }

    /// All lines of both but what either deleted; nothing where both changed what one line is about.
    fn merge(&self, ancestor: &str, ours: &str, theirs: &str) -> Option<String> {
        let (before, mine, stack) = (self.read(ancestor)?, self.read(ours)?, self.read(theirs)?);
        let mut merged: Vec<(String, &str)> = Vec::new();
        for line in ours.lines() {
            let key = self.key(line);
            let (base, new) = (before.get(&key), stack.get(&key));
            if line.trim().is_empty() || new == base || new == Some(&line) {
                merged.push((key, line));
            } else if base == Some(&line) {
                // Only the stack changed it, or deleted it.
                merged.extend(new.map(|new| (key, *new)));
            } else {
                return None;
            }
        }
        let mut place = 0;
        for line in theirs.lines().filter(|line| !line.trim().is_empty()) {
            let key = self.key(line);
            if let Some(at) = merged.iter().position(|(known, _)| *known == key) {
                place = at + 1;
            } else if !before.contains_key(&key) {
                merged.insert(place, (key, line));
                place += 1;
            } else if before.get(&key) != Some(&line) && !mine.contains_key(&key) {
                return None;
            }
        }
        Some(merged.into_iter().fold(String::new(), |text, (_, line)| text + line + "\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(path: &str, ancestor: &str, ours: &str, theirs: &str) -> Merged {
        merge(&TargetPath::parse(path).unwrap(), ancestor, ours, theirs)
    }

    #[test]
    fn sets_of_lines_are_merged_as_sets() {
        #[track_caller]
        fn case(path: &str, ancestor: &str, ours: &str, theirs: &str, expected: Option<&str>) {
            match (merged(path, ancestor, ours, theirs), expected) {
                (Merged::Clean(text), Some(expected)) => assert_eq!(text, expected),
                (Merged::Marked(_), None) => {}
                (merged, _) => panic!("{merged:?}"),
            }
        }
        let path = "requirements.txt";
        // A line of one's own at the end, and one of the stack's.
        case(
            path,
            "a==1\nb==1\n",
            "a==1\nb==1\nmine==1\n",
            "a==1\nb==1\n# why\nnew==1\n",
            Some("a==1\nb==1\n# why\nnew==1\nmine==1\n"),
        );
        // Another version of a neighbour.
        case(path, "a==1\nb==1\n", "a==1\nb==2\n", "a==2\nb==1\n", Some("a==2\nb==2\n"));
        // Deleted by one, next to what the other added.
        case(path, "a==1\nb==1\n", "a==1\nmine\n", "a==2\nb==1\n", Some("a==2\nmine\n"));
        case(path, "a==1\nb==1\n", "a==1\nb==1\nmine\n", "a==1\n", Some("a==1\nmine\n"));
        // The same project twice, in two versions: a decision for people.
        case(path, "a==1\n", "a==2\n", "a==3\n", None);
        case(path, "a==1\n", "a==1\nDjango-Rest==1\n", "a==1\ndjango_rest==2\n", None);
        case(path, "a==1\n", "a==1\nDjango-Rest==1\n", "a==1\ndjango_.rest==2\n", None);
        case(path, "a==1\nb==1\n", "a==1\n", "a==1\nb==2\n", None);
        // Lines that go on in the next are more than lines.
        case(path, "a==1 \\\n --hash=x\n", "a==1 \\\n --hash=x\nmine\n", "a==1 \\\n --hash=x\ntheirs\n", None);
        case("Procfile", "web: a\n", "web: a\nmine: b\n", "web: a\nworker: c\n", Some("web: a\nworker: c\nmine: b\n"));
        case("Procfile", "web: a\n", "web: mine\n", "web: theirs\n", None);
        case("app/.gitignore", "a\n", "a\nb\n", "a\nc\n", Some("a\nc\nb\n"));
        case("notes.md", "a\n", "a\nb\n", "a\nc\n", None);
    }

    #[test]
    fn other_words_for_the_same_are_no_conflict() {
        let same = merged("a.config", "", "# mine\nx: 1\n", "# theirs\nx: 1\n");
        assert_eq!(same, Merged::Clean("# mine\nx: 1\n".to_owned()));
        assert!(matches!(merged("a.config", "", "# mine\nx: 1\n", "# theirs\nx: 2\n"), Merged::Marked(_)));
        // There `#` is a title.
        assert!(matches!(merged("a.md", "", "# mine\nx\n", "# theirs\nx\n"), Merged::Marked(_)));
    }

    #[test]
    fn unfinished_merges_are_known() {
        let Merged::Marked(text) = merged("a.md", "a\n", "b\n", "c\n") else { panic!("a conflict") };
        assert_eq!(text, "<<<<<<< yours\nb\n||||||| before\na\n=======\nc\n>>>>>>> the stack's\n");
        assert!(has_markers(&text));
        for text in [
            "=======\n",
            "<<<<<<< a\n=======\n",
            "<<<<<<<<\n========\n>>>>>>>>\n",
            " <<<<<<< a\n=======\n>>>>>>> b\n",
            "",
        ] {
            assert!(!has_markers(text), "{text}");
        }
    }
}
