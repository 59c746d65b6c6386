//! Contents that are not held whole are deflated chunk by chunk, on all cores.
//!
//! A chunk knows nothing of those before it: it can be deflated before they are, by another thread, or be stored if that is
//! shorter. libdeflate makes only whole streams, so the last block of what it makes is opened again, and an empty one fills
//! up the byte (RFC 1951, 3.2.4): what comes next may begin there.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{BlockBoundaryState, DecompressorOxide, decompress, inflate_flags};

use super::deflate::is_random;

/// Each chunk begins anew, which costs what this level saves against the one for files that are held whole.
const LEVEL: i32 = 7;
/// End of a stream: a last block, stored and empty.
const END: [u8; 5] = [1, 0, 0, 0xff, 0xff];

/// A content on its way to become one stream.
pub(crate) struct Chunks {
    /// One for each thread.
    deflaters: Vec<Deflater>,
    /// Chunks until there is work for all of them.
    waiting: Vec<Vec<u8>>,
}

impl Chunks {
    pub(crate) fn new(threads: usize) -> Self {
        Self { deflaters: (0..threads).map(|_| Deflater::new()).collect(), waiting: Vec::new() }
    }

    /// Deflate one more chunk, now or with the next, and hand on what came of it.
    pub(crate) fn add<E>(&mut self, chunk: &[u8], take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.waiting.push(chunk.to_vec());
        if self.waiting.len() < self.deflaters.len() { Ok(()) } else { self.deflate(take) }
    }

    pub(crate) fn finish<E>(mut self, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.deflate(&mut take)?;
        take(&END)
    }

    /// Deflate what waits, all of it at the same time.
    fn deflate<E>(&mut self, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let chunks = std::mem::take(&mut self.waiting);
        std::thread::scope(|scope| {
            let mut work = chunks.iter().zip(&mut self.deflaters);
            let first = work.next();
            let others: Vec<_> = work.map(|(chunk, deflater)| scope.spawn(|| deflater.part(chunk))).collect();
            first.map_or(Ok(()), |(chunk, deflater)| take(&deflater.part(chunk)))?;
            others.into_iter().try_for_each(|other| take(&other.join().expect("a deflater does not panic")))
        })
    }
}

/// One thread's compressor, and the memory it needs.
struct Deflater {
    compressor: libdeflater::Compressor,
    unpacked: Vec<u8>,
}

impl Deflater {
    fn new() -> Self {
        let level = libdeflater::CompressionLvl::new(LEVEL).expect("libdeflate has levels 1 to 12");
        Self { compressor: libdeflater::Compressor::new(level), unpacked: Vec::new() }
    }

    /// Part of a deflate stream with what `chunk` holds. It begins and ends with a whole byte, and is not the last.
    fn part(&mut self, chunk: &[u8]) -> Vec<u8> {
        if is_random(chunk) {
            return stored(chunk);
        }
        let mut packed = vec![0; self.compressor.deflate_compress_bound(chunk.len())];
        let length = self.compressor.deflate_compress(chunk, &mut packed).expect("there is room for the worst case");
        packed.truncate(length);
        if length >= chunk.len() {
            return stored(chunk);
        }
        // A little more than is needed, so that the reader is never out of room before it sees the end.
        self.unpacked.resize(chunk.len() + 16, 0);
        leave_open(&mut packed, &mut self.unpacked);
        packed
    }
}

fn stored(chunk: &[u8]) -> Vec<u8> {
    let blocks = chunk.chunks(usize::from(u16::MAX));
    let mut part = Vec::with_capacity(chunk.len() + 5 * blocks.len());
    for block in blocks {
        let length = u16::try_from(block.len()).expect("chunks are no longer");
        // Not the last block, stored; its length, and the same again with every bit turned.
        let [low, high] = length.to_le_bytes();
        part.extend([0, low, high, !low, !high]);
        part.extend_from_slice(block);
    }
    part
}

/// Make the last block of the stream `packed` one that others may follow.
fn leave_open(packed: &mut Vec<u8>, unpacked: &mut [u8]) {
    const FLAGS: u32 =
        inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | inflate_flags::TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
    let boundary = |decoder: &DecompressorOxide| decoder.block_boundary_state().expect("the decoder stopped at one");
    let (mut decoder, mut last) = (DecompressorOxide::new(), BlockBoundaryState::default());
    let (mut read, mut written) = (0, 0);
    loop {
        let (status, taken, given) = decompress(&mut decoder, &packed[read..], unpacked, written, FLAGS);
        match status {
            TINFLStatus::BlockBoundary => (read, written, last) = (read + taken, written + given, boundary(&decoder)),
            TINFLStatus::Done => break,
            _ => unreachable!("libdeflate makes streams that can be read"),
        }
    }
    // The first bit of a block says whether it is the last.
    let first = read * 8 - usize::from(last.num_bits);
    packed[first / 8] &= !(1 << (first % 8));
    last.bit_buf &= !1;
    let mut decoder = DecompressorOxide::from_block_boundary_state(&last);
    let (_, taken, _) = decompress(&mut decoder, &packed[read..], unpacked, written, FLAGS);
    packed.truncate(read + taken);
    // An empty stored block: three bits, where they have room, then whole bytes.
    if boundary(&decoder).num_bits < 3 {
        packed.push(0);
    }
    packed.extend([0, 0, 0xff, 0xff]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::deflate::tests::noise;
    use super::*;

    #[track_caller]
    fn unpacks(content: &[u8], chunk: usize) -> usize {
        let mut packed = Vec::new();
        let mut take = |bytes: &[u8]| {
            packed.extend_from_slice(bytes);
            Ok::<(), ()>(())
        };
        let mut chunks = Chunks::new(3);
        content.chunks(chunk).for_each(|chunk| chunks.add(chunk, &mut take).expect("a Vec takes all"));
        chunks.finish(&mut take).expect("a Vec takes all");
        let mut unpacked = vec![0; content.len()];
        let length = libdeflater::Decompressor::new().deflate_decompress(&packed, &mut unpacked);
        assert_eq!(length, Ok(content.len()));
        assert!(unpacked == content);
        packed.len()
    }

    #[test]
    fn pieces_become_one_stream() {
        let text: Vec<u8> = (0..90_000).flat_map(|line| format!("line {line}\n").into_bytes()).collect();
        for content in [
            text.clone(),
            [&text[..], &noise(700_000), &text].concat(),
            [&noise(300_000), &text[..], &noise(65_535)].concat(),
            noise(131_070),
            vec![0; 500_000],
            b"a".to_vec(),
            Vec::new(),
        ] {
            for chunk in [100_000, 65_535, 333_333] {
                unpacks(&content, chunk);
            }
        }
        assert!(unpacks(&text, 100_000) < text.len() / 3);
    }

    proptest! {
        /// Ends of blocks at every bit of a byte.
        #[test]
        fn any_content_comes_back(words in proptest::collection::vec(0u32..300, 0..4000), chunk in 1usize..3000) {
            let content: Vec<u8> = words.iter().flat_map(|word| format!("{word} ").into_bytes()).collect();
            unpacks(&content, chunk);
        }
    }
}
