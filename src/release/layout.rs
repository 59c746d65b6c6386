//! Layout of an upload: which parts are copied from another object, and which are sent. Pure.
//!
//! S3 takes no part but the last below a smallest size, so a stretch that both objects have may have to give some of its
//! bytes to what is sent beside it. The layout found here sends as few bytes as any that S3 takes.

use crate::bundle::Shared;

/// Sizes that parts may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// All but the last have at least this many bytes.
    pub(super) smallest: u64,
    /// One that is sent has about this many, or what is left.
    pub(super) send: u64,
    /// One that is copied.
    pub(super) copy: u64,
}

/// A part of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) at: u64,
    pub(super) length: u64,
    /// Where the source has the same bytes, if they are copied.
    pub(super) from: Option<u64>,
}

/// Parts of one length, and what is left: nothing is copied.
pub(super) fn fixed(length: u64, part: u64) -> Vec<Piece> {
    let piece = |at| Piece { at, length: part.min(length - at), from: None };
    (0..length.div_ceil(part)).map(|number| piece(number * part)).collect()
}

/// The layout that sends least. `shared` is in order, and no two of them overlap.
pub(super) fn layout(shared: &[Shared], length: u64, limits: &Limits) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for copy in choose(shared, length, limits.smallest) {
        cut(&mut pieces, Piece { at, length: copy.at - at, from: None }, limits);
        cut(&mut pieces, Piece { at: copy.at, length: copy.length, from: Some(copy.from) }, limits);
        at = copy.at + copy.length;
    }
    cut(&mut pieces, Piece { at, length: length - at, from: None }, limits);
    pieces
}

/// Bytes of a layout that are copied.
pub(super) fn copied(pieces: &[Piece]) -> u64 {
    pieces.iter().filter(|piece| piece.from.is_some()).map(|piece| piece.length).sum()
}

/// Cut a stretch into parts. A rest that is too small for a part of its own goes with the one before it.
fn cut(pieces: &mut Vec<Piece>, whole: Piece, limits: &Limits) {
    let most = if whole.from.is_some() { limits.copy } else { limits.send };
    let (mut at, mut left) = (0, whole.length);
    while left > 0 {
        let length = if left < most + limits.smallest { left } else { most };
        pieces.push(Piece { at: whole.at + at, length, from: whole.from.map(|from| from + at) });
        at += length;
        left -= length;
    }
}

/// A way to cover everything up to and with one shared stretch.
struct Way {
    /// The stretch that is copied last.
    last: usize,
    /// Bytes that are sent before it.
    sent: u64,
    /// Bytes that it gives away at its front.
    front: u64,
    /// Bytes that it could still give away at its end.
    spare: u64,
    /// The way that this one goes on from, and what its last stretch gives away at its end.
    before: Option<(usize, u64)>,
}

/// The stretches to copy, each without what it gives away.
///
/// Between two that are copied lies nothing, or enough for a part; where it is less, the neighbours give what is missing.
/// Of three stretches in a row, the one in the middle can always be copied, so no more than two are ever passed over.
fn choose(shared: &[Shared], length: u64, smallest: u64) -> Vec<Shared> {
    // Only the last part may be small.
    let least = |run: &Shared| if run.at + run.length == length { 1 } else { smallest };
    let runs: Vec<&Shared> = shared.iter().filter(|run| run.length >= least(run)).collect();
    let mut ways: Vec<Way> = Vec::new();
    let mut begins: Vec<usize> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let most = run.length - least(run);
        let missing = |gap: u64| if gap == 0 { 0 } else { smallest.saturating_sub(gap) };
        let mut found: Vec<Way> = Vec::new();
        if index < 3 && missing(run.at) <= most {
            let front = missing(run.at);
            found.push(Way { last: index, sent: run.at + front, front, spare: most - front, before: None });
        }
        let first = begins.get(index.saturating_sub(3)).copied().unwrap_or(0);
        for (number, way) in ways.iter().enumerate().skip(first) {
            let end = runs[way.last].at + runs[way.last].length;
            let missing = missing(run.at - end);
            let given = missing.min(way.spare);
            let front = missing - given;
            if front <= most {
                let sent = way.sent + (run.at - end) + missing;
                found.push(Way { last: index, sent, front, spare: most - front, before: Some((number, given)) });
            }
        }
        begins.push(ways.len());
        // Of those that send more, only one that can give more is of use.
        found.sort_by_key(|way| (way.sent, u64::MAX - way.spare));
        let mut best: Option<u64> = None;
        for way in found {
            if best.is_none_or(|spare| way.spare > spare) {
                best = Some(way.spare);
                ways.push(way);
            }
        }
    }
    let total = |way: &&Way| way.sent + length - (runs[way.last].at + runs[way.last].length);
    let Some(mut way) = ways.iter().min_by_key(total) else { return Vec::new() };
    let mut chosen = Vec::new();
    let mut end = 0;
    loop {
        let run = runs[way.last];
        let length = run.length - way.front - end;
        chosen.push(Shared { at: run.at + way.front, from: run.from + way.front, length });
        let Some((before, given)) = way.before else { break };
        (way, end) = (&ways[before], given);
    }
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: Limits = Limits { smallest: 5, send: 8, copy: 6 };

    /// Bytes that must be sent, by trying every way to cut.
    fn least_sent(shared: &[Shared], length: u64, smallest: u64) -> u64 {
        let mut best = vec![u64::MAX; usize::try_from(length).unwrap() + 1];
        best[0] = 0;
        for at in 0..length {
            let before = best[usize::try_from(at).unwrap()];
            for end in at + 1..=length {
                if before == u64::MAX || (end - at < smallest && end != length) {
                    continue;
                }
                let copies = shared.iter().any(|run| run.at <= at && end <= run.at + run.length);
                let cost = before + if copies { 0 } else { end - at };
                let best = &mut best[usize::try_from(end).unwrap()];
                *best = cost.min(*best);
            }
        }
        best[usize::try_from(length).unwrap()]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn no_layout_sends_less(stretches in proptest::collection::vec((any::<bool>(), 1..14u64), 0..9)) {
            let (mut at, mut shared) = (0, Vec::new());
            for (number, (is_shared, length)) in stretches.into_iter().enumerate() {
                if is_shared {
                    shared.push(Shared { at, from: 1000 * number as u64, length });
                }
                at += length;
            }
            let length = at;
            let pieces = layout(&shared, length, &SMALL);
            let mut end = 0;
            for (number, piece) in pieces.iter().enumerate() {
                prop_assert_eq!(piece.at, end);
                end += piece.length;
                prop_assert!(piece.length >= SMALL.smallest || number + 1 == pieces.len(), "{:?}", pieces);
                let most = if piece.from.is_some() { SMALL.copy } else { SMALL.send };
                prop_assert!(piece.length < most + SMALL.smallest, "{:?}", pieces);
                if let Some(from) = piece.from {
                    let has = |run: &&Shared| run.at <= piece.at && end <= run.at + run.length;
                    let run = shared.iter().find(has);
                    prop_assert_eq!(run.map(|run| run.from + piece.at - run.at), Some(from));
                }
            }
            prop_assert_eq!(end, length);
            prop_assert_eq!(length - copied(&pieces), least_sent(&shared, length, SMALL.smallest));
        }
    }

    #[test]
    fn a_small_gap_takes_what_it_lacks_from_whoever_has_it() {
        let run = |at, length| Shared { at, from: at + 100, length };
        let sizes = |shared: &[Shared], length| {
            let pieces = layout(shared, length, &Limits { smallest: 5, send: 8, copy: 50 });
            pieces.iter().map(|piece| (piece.length, piece.from.is_some())).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[run(0, 20), run(21, 20)], 42), [(16, true), (5, false), (20, true), (1, false)]);
        assert_eq!(sizes(&[run(0, 5), run(6, 20)], 26), [(5, true), (5, false), (16, true)]);
        assert_eq!(sizes(&[run(0, 6), run(7, 6)], 14), [(6, true), (8, false)]);
        assert_eq!(sizes(&[], 20), [(8, false), (12, false)]);
        // Sending the first leaves the second more to give, without which the third could not be copied.
        let best = [(6, false), (6, true), (5, false), (6, true), (1, false)];
        assert_eq!(sizes(&[run(0, 5), run(6, 10), run(17, 6)], 24), best);
    }

    #[test]
    fn fixed_parts_are_of_one_length() {
        let lengths = |length| fixed(length, 8).iter().map(|piece| piece.length).collect::<Vec<_>>();
        assert_eq!(lengths(17), [8, 8, 1]);
        assert_eq!(lengths(16), [8, 8]);
        assert_eq!(lengths(0), [0; 0]);
    }
}
