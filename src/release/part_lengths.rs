//! Lengths of an object's parts: the usual one, and all of them as text, which the object carries with it. Without that, its
//! checksum of checksums could not be computed from our bytes. A hint: whoever wrote them, they are believed only where S3's
//! own sum agrees.

/// The length of a part of an upload in bytes. S3 wants at least 5 MiB and at most 10,000 parts.
pub(super) const PART: u64 = 8 << 20;

/// Name in the object's metadata.
pub(super) const KEY: &str = "beansprout-parts";
/// S3 takes 2 kB of metadata in all.
const LONGEST: usize = 1024;

/// `8388608*3,5242880`. `None`: it would be too long.
pub(super) fn write(lengths: impl Iterator<Item = u64>) -> Option<String> {
    let mut groups: Vec<(u64, usize)> = Vec::new();
    for length in lengths {
        match groups.last_mut() {
            Some((last, times)) if *last == length => *times += 1,
            _ => groups.push((length, 1)),
        }
    }
    let group = |(length, times): &(u64, usize)| match times {
        1 => length.to_string(),
        _ => format!("{length}*{times}"),
    };
    let text = groups.iter().map(group).collect::<Vec<_>>().join(",");
    (text.len() <= LONGEST).then_some(text)
}

/// The lengths, if they can be those of an object of `total` bytes.
pub(super) fn read(text: &str, total: u64) -> Option<Vec<u64>> {
    let mut lengths = Vec::new();
    let mut left = total;
    for group in text.get(..LONGEST).unwrap_or(text).split(',') {
        let (length, times) = group.split_once('*').unwrap_or((group, "1"));
        let (length, times): (u64, u64) = (length.parse().ok()?, times.parse().ok()?);
        left = left.checked_sub(length.checked_mul(times)?)?;
        // What S3 can have put together.
        if length == 0 || times > 10_000 || lengths.len() > 10_000 {
            return None;
        }
        lengths.extend((0..times).map(|_| length));
    }
    (left == 0).then_some(lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_survive_being_written() {
        for lengths in [vec![8], vec![8, 8, 8, 3], vec![8, 5, 5, 8, 1]] {
            let text = write(lengths.iter().copied()).unwrap();
            assert_eq!(read(&text, lengths.iter().sum()), Some(lengths), "{text}");
        }
        assert_eq!(write([8, 8, 8, 3].into_iter()).as_deref(), Some("8*3,3"));
        assert_eq!(write((0..1000).map(|number| 1_000_000 + number)), None);
    }

    #[test]
    fn what_cannot_be_is_not_believed() {
        for text in ["", "8*3", "8*3,4", "0,8", "8*", "a", "24*1,0", "99999999999999999999", "1*18446744073709551615"] {
            assert_eq!(read(text, 27), None, "{text}");
        }
        assert_eq!(read("8*3,3", 27), Some(vec![8, 8, 8, 3]));
    }
}
