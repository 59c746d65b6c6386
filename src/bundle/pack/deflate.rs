//! Deflating, or seeing that it would be of no use.

use super::archive::Method;

/// Up to which length contents are deflated at which level of libdeflate. With these, bundles are no larger than what `git
/// archive` makes with zlib's default level. For short contents most of the time goes into preparing tables, which level 1
/// has the smallest of: at 2 KiB it needs 30 % less time than level 4, for 1.8 % more bytes (November 2026).
const LEVELS: [(usize, i32); 3] = [(2 << 10, 1), (32 << 10, 4), (usize::MAX, 5)];

/// Contents shorter than this are not sampled: deflating them costs as much as looking.
const SAMPLED_FROM: usize = 4096;
/// Samples of the sample, spread over the content, and the length of each.
const SAMPLES: usize = 16;
const SAMPLE: usize = 512;
/// Bits a byte from which a sample counts as random. 8192 random bytes have 7.977 on average; text has 4 to 5, machine
/// code 6, and a JPEG or PNG more than 7.9.
const RANDOM: f64 = 7.9;

/// One thread's compressor and the memory it needs, used again for every file.
#[derive(Default)]
pub(crate) struct Deflater {
    /// One for each level, made when there is something for it.
    compressors: [Option<libdeflater::Compressor>; LEVELS.len()],
    scratch: Vec<u8>,
}

impl Deflater {
    /// Append the packed form of `content`, whichever is the shorter.
    pub(crate) fn pack(&mut self, content: &[u8], random: bool) -> (Method, &[u8]) {
        if random || content.is_empty() {
            return (Method::Stored, &[]);
        }
        let index = LEVELS.iter().position(|(length, _)| content.len() <= *length).expect("the last has no end");
        let compressor = self.compressors[index].get_or_insert_with(|| {
            let level = libdeflater::CompressionLvl::new(LEVELS[index].1).expect("libdeflate has levels 1 to 12");
            libdeflater::Compressor::new(level)
        });
        let bound = compressor.deflate_compress_bound(content.len());
        if self.scratch.len() < bound {
            self.scratch.resize(bound, 0);
        }
        let length =
            compressor.deflate_compress(content, &mut self.scratch).expect("the scratch has the length asked for");
        if length < content.len() { (Method::Deflated, &self.scratch[..length]) } else { (Method::Stored, &[]) }
    }
}

/// Has `content` no pattern that deflate could use, as far as a sample of it shows? Depends on nothing but the bytes.
pub(crate) fn is_random(content: &[u8]) -> bool {
    if content.len() < SAMPLED_FROM {
        return false;
    }
    let mut counts = [0_u32; 256];
    let mut total = 0;
    for sample in 0..SAMPLES {
        let start = sample * (content.len() / SAMPLES);
        for byte in &content[start..content.len().min(start + SAMPLE)] {
            counts[usize::from(*byte)] += 1;
            total += 1;
        }
        // With a byte this common, even if all others were equally rare, there are fewer bits than that. Text shows it soon.
        if sample % 4 == 3 && counts.iter().any(|count| *count > total / 16) {
            return false;
        }
    }
    let sum: f64 = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) * log2(*count)).sum();
    log2(total) - sum / f64::from(total) > RANDOM
}

/// The logarithm by additions and multiplications alone, which IEEE 754 defines to the last bit: no machine's own
/// logarithm may have a say in the bytes of a bundle.
fn log2(number: u32) -> f64 {
    let whole = number.ilog2();
    let mut mantissa = f64::from(number) / f64::from(1u32 << whole);
    let mut result = f64::from(whole);
    let mut bit = 0.5;
    for _ in 0..24 {
        mantissa *= mantissa;
        if mantissa >= 2.0 {
            mantissa /= 2.0;
            result += bit;
        }
        bit /= 2.0;
    }
    result
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn noise_is_stored_and_text_is_not() {
        assert!(is_random(&noise(100_000)));
        assert!(is_random(&noise(9_000)));
        assert!(!is_random(&b"the quick brown fox ".repeat(1000)));
        assert!(!is_random(&vec![0; 100_000]));
        assert!(!is_random(b""));
    }

    #[test]
    fn logarithms_are_right() {
        for number in [1, 2, 3, 7, 512, 8191, 8192] {
            assert!((log2(number) - f64::from(number).log2()).abs() < 1e-6, "{number}");
        }
    }

    #[test]
    fn what_does_not_shrink_is_stored() {
        let mut deflater = Deflater::default();
        assert_eq!(deflater.pack(b"", false).0, Method::Stored);
        assert_eq!(deflater.pack(b"ab", false).0, Method::Stored);
        assert_eq!(deflater.pack(&[b'a'; 1000], false).0, Method::Deflated);
    }
}
