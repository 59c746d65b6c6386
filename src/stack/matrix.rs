//! The answers worth trying: few rows in which every two answers that can meet do meet.
//!
//! Nobody can render all combinations of twenty questions. Nearly all mistakes in templates need two answers to show, so a
//! matrix that holds every pair finds them.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Answer;
use super::answers::{Answers, OpenQuestion};
use super::given::Given;
use super::question::Form;
use super::{Error, Scope, Stack};

/// Rows to choose the next one from. More make the matrix shorter and take longer.
const CANDIDATES: usize = 12;
/// This many rounds without a new pair: the rest are pairs that no answers lead to.
const PATIENCE: usize = 12;
/// A bound for stacks that nobody has thought of.
const MOST_ROWS: usize = 200;

/// Every row is a full set of answers.
pub(crate) fn pairwise(stack: &Stack, scope: &Scope) -> Result<Vec<Answers>, Error> {
    rows(stack, scope).map_err(|error| match error {
        // Nobody answered: it is the stack's own default or sample.
        Error::AnswerBad { key, value, complaint } => Error::SampleBad { key, value, complaint },
        error => error,
    })
}

fn rows(stack: &Stack, scope: &Scope) -> Result<Vec<Answers>, Error> {
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    // The defaults come first: they are what most people get.
    let mut rows = vec![Answers::resolve(stack, &Given::default(), scope.clone(), |asking| pick(asking, None))?];
    let mut said = Said::default();
    let mut seen = said.pairs(&rows[0]);
    let mut tried = 0;
    while tried < PATIENCE && rows.len() < MOST_ROWS {
        let mut best: Option<(usize, Answers)> = None;
        for _ in 0..CANDIDATES {
            let row =
                Answers::resolve(stack, &Given::default(), scope.clone(), |asking| pick(asking, Some(&mut dice)))?;
            let new = said.pairs(&row).difference(&seen).count();
            if best.as_ref().is_none_or(|(most, _)| new > *most) {
                best = Some((new, row));
            }
        }
        match best {
            Some((new, row)) if new > 0 => {
                seen.extend(said.pairs(&row));
                rows.push(row);
                tried = 0;
            }
            _ => tried += 1,
        }
    }
    Ok(rows)
}

/// Numbers for what was said, because pairs of numbers are quicker to compare than pairs of texts.
#[derive(Default)]
struct Said(BTreeMap<(String, String), usize>);

impl Said {
    fn pairs(&mut self, row: &Answers) -> BTreeSet<(usize, usize)> {
        let mut numbers = Vec::new();
        for (key, answer) in &row.given {
            let next = self.0.len();
            numbers.push(*self.0.entry((key.clone(), answer.to_string())).or_insert(next));
        }
        // Each with itself too: an answer that was never given is worth a row.
        let with_later = |index: usize| numbers[index..].iter().map(move |second| (index, *second));
        (0..numbers.len()).flat_map(with_later).map(|(index, second)| (numbers[index], second)).collect()
    }
}

/// The default, or what the dice say.
fn pick(asking: &OpenQuestion<'_>, dice: Option<&mut Dice>) -> Result<Answer, Error> {
    let question = asking.question;
    let mut values = Vec::new();
    match question.form {
        Form::Boolean => values.extend([Answer::Flag(false), Answer::Flag(true)]),
        Form::Choice => values.extend(asking.choices.iter().map(|choice| Answer::Text(choice.value.clone()))),
        Form::Choices => {
            let all: Vec<String> = asking.choices.iter().map(|choice| choice.value.clone()).collect();
            values.extend(all.iter().map(|one| Answer::Many(vec![one.clone()])));
            values.extend([Answer::Many(Vec::new()), Answer::Many(all)]);
        }
        Form::Text | Form::Secret => {
            values.extend(asking.default.clone());
            values.extend(question.samples.iter().map(|sample| Answer::Text(sample.clone())));
        }
    }
    let missing = || Error::SampleMissing { key: question.key.clone() };
    match dice {
        None => asking.default.clone().or_else(|| values.first().cloned()).ok_or_else(missing),
        Some(_) if values.is_empty() => Err(missing()),
        Some(dice) => Ok(values.swap_remove(dice.below(values.len()))),
    }
}

/// The same throws every time: a matrix that changes by itself tells nothing. (xorshift64*)
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let throw = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(throw).unwrap_or(0) % sides
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Manifest, Tree};
    use super::*;

    fn stack(manifest: &str) -> Stack {
        Stack {
            manifest: Manifest::parse(manifest).unwrap(),
            files: Tree::default(),
            snippets: Tree::default(),
            borrowed: BTreeSet::new(),
            shadowed: BTreeMap::new(),
            text: String::new(),
        }
    }

    #[test]
    fn every_two_answers_meet() {
        let choice = |key: &str| {
            format!(
                "[[question]]\nkey = '{key}'\nask = ''\ntype = 'choice'\ndefault = 'a'\nchoices = [\
                 {{value = 'a', label = ''}}, {{value = 'b', label = ''}}, {{value = 'c', label = ''}}]\n"
            )
        };
        let text =
            format!("[stack]\nname = 's'\ntitle = ''\n{}{}{}{}", choice("w"), choice("x"), choice("y"), choice("z"));
        let rows = pairwise(&stack(&text), &Scope::default()).unwrap();
        let mut said = Said::default();
        let seen: BTreeSet<_> = rows.iter().flat_map(|row| said.pairs(row)).collect();
        // 4 questions with 3 answers: 6 pairs of questions with 9 pairs of answers, and each answer with itself.
        assert_eq!(seen.len(), 6 * 9 + 12);
        assert!(rows.len() < 3 * 3 * 3 * 3 / 4, "{} rows", rows.len());
    }

    #[test]
    fn questions_that_are_not_asked_have_no_part() {
        let text = "[stack]\nname = 's'\ntitle = ''\n\
            [[question]]\nkey = 'on'\nask = ''\ntype = 'boolean'\ndefault = 'no'\n\
            [[question]]\nkey = 'name'\nask = ''\ntype = 'text'\nwhen = 'on'\nsamples = ['x', 'y']\n";
        let rows = pairwise(&stack(text), &Scope::default()).unwrap();
        assert_eq!(rows.len(), 3);
    }

    #[test]
    fn a_text_without_default_needs_a_sample() {
        let text = "[stack]\nname = 's'\ntitle = ''\n[[question]]\nkey = 'name'\nask = ''\ntype = 'text'\n";
        assert!(
            matches!(pairwise(&stack(text), &Scope::default()), Err(Error::SampleMissing { key }) if key == "name")
        );
    }
}
