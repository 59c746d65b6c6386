//! Deflating, or seeing that it would be of no use.

use miniz_oxide::deflate::core::{CompressionStrategy, CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::{MZFlush, MZStatus};

use super::archive::Method;

/// Up to which length contents are deflated at which level of libdeflate. With these, bundles are no larger than what `git
/// archive` makes with zlib's default level. For short contents most of the time goes into preparing tables, which level 1
/// has the smallest of: at 2 KiB it needs 30 % less time than level 4, for 1.8 % more bytes (November 2026).
const LEVELS: [(usize, i32); 3] = [(2 << 10, 1), (32 << 10, 4), (usize::MAX, 5)];
/// miniz_oxide, where contents come in pieces.
const STREAM_LEVEL: i32 = 6;

/// Contents shorter than this are not sampled: deflating them costs as much as looking.
const SAMPLED_FROM: usize = 4096;
/// Pieces of the sample, spread over the content, and the length of each.
const PIECES: usize = 16;
const PIECE: usize = 512;
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

/// Deflates what comes in pieces, for contents that are not held whole. libdeflate cannot; miniz_oxide gives the same
/// bytes on every machine.
pub(crate) struct StreamDeflater {
    compressor: Box<CompressorOxide>,
    out: Vec<u8>,
    /// Has the compressor given everything, up to a whole byte, and forgotten what it saw?
    flushed: bool,
}

impl StreamDeflater {
    pub(crate) fn new() -> Self {
        // Negative window bits: deflate without the zlib wrapper.
        let flags = create_comp_flags_from_zip_params(STREAM_LEVEL, -15, CompressionStrategy::Default as i32);
        Self { compressor: Box::new(CompressorOxide::new(flags)), out: vec![0; 1 << 17], flushed: true }
    }

    /// Deflate one more piece and hand on what came of it.
    pub(crate) fn add<E>(&mut self, piece: &[u8], take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.flushed = false;
        self.run(piece, MZFlush::None, take)
    }

    /// Put one more piece into the stream as it is.
    pub(crate) fn store<E>(&mut self, piece: &[u8], mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        if !self.flushed {
            self.run(&[], MZFlush::Full, &mut take)?;
            self.flushed = true;
        }
        for block in piece.chunks(usize::from(u16::MAX)) {
            let length = u16::try_from(block.len()).expect("chunks are no longer");
            // RFC 1951, 3.2.4: not the last block, stored; its length, and the same again with every bit turned.
            let [low, high] = length.to_le_bytes();
            take(&[0, low, high, !low, !high])?;
            take(block)?;
        }
        Ok(())
    }

    pub(crate) fn finish<E>(mut self, take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.run(&[], MZFlush::Finish, take)
    }

    fn run<E>(
        &mut self,
        mut piece: &[u8],
        flush: MZFlush,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let result = deflate(&mut self.compressor, piece, &mut self.out, flush);
            piece = &piece[result.bytes_consumed..];
            take(&self.out[..result.bytes_written])?;
            let full = result.bytes_written == self.out.len();
            let ended = matches!(result.status, Ok(MZStatus::StreamEnd));
            if ended || (flush != MZFlush::Finish && piece.is_empty() && !full) {
                return Ok(());
            }
        }
    }
}

/// Has `content` no pattern that deflate could use, as far as a sample of it shows? Depends on nothing but the bytes.
pub(crate) fn is_random(content: &[u8]) -> bool {
    if content.len() < SAMPLED_FROM {
        return false;
    }
    let mut counts = [0_u32; 256];
    let mut total = 0;
    for piece in 0..PIECES {
        let start = piece * (content.len() / PIECES);
        for byte in &content[start..content.len().min(start + PIECE)] {
            counts[usize::from(*byte)] += 1;
            total += 1;
        }
        // With a byte this common, even if all others were equally rare, there are fewer bits than that. Text shows it soon.
        if piece % 4 == 3 && counts.iter().any(|count| *count > total / 16) {
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
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
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
    fn pieces_become_one_stream() {
        let text = b"the quick brown fox ".repeat(40_000);
        for content in [
            [text.clone(), noise(300_000)].concat(),
            [noise(300_000), text.clone(), noise(100_000), text.clone()].concat(),
            [text.clone(), noise(700_000), text.clone(), noise(65_535)].concat(),
            noise(131_070),
            text,
        ] {
            let mut packed = Vec::new();
            let mut take = |bytes: &[u8]| {
                packed.extend_from_slice(bytes);
                Ok::<(), ()>(())
            };
            let mut deflater = StreamDeflater::new();
            for piece in content.chunks(100_000) {
                let done = match is_random(piece) {
                    true => deflater.store(piece, &mut take),
                    false => deflater.add(piece, &mut take),
                };
                done.expect("a Vec takes all");
            }
            deflater.finish(&mut take).expect("a Vec takes all");
            let mut unpacked = vec![0; content.len()];
            let length = libdeflater::Decompressor::new().deflate_decompress(&packed, &mut unpacked);
            assert_eq!(length, Ok(content.len()));
            assert!(unpacked == content);
        }
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
