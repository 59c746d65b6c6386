//! Transfer of an upload's parts: several at a time, never much in memory; copies inside S3 beside those that are sent.
//!
//! A copy counts only if S3 says that it has the SHA-256 of our bytes. Any other end of a copy costs no more than sending
//! that part.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::upload_part::{UploadPartError, UploadPartOutput};
use aws_sdk_s3::operation::upload_part_copy::{UploadPartCopyError, UploadPartCopyOutput};
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_smithy_types::base64;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::parts::{Kept, Parts, number};
use crate::release::api_error::{ApiError, ErrorKind};
use crate::release::aws::Aws;
use crate::release::bucket::{BundleBucket, Error};
use crate::release::bundle_file::BundleFile;
use crate::release::call::Call;
use crate::release::delta::CopySource;
use crate::release::layout::Piece;

/// Parts in flight: those that are sent, and those that are copied.
const SENDS: usize = 4;
const COPIES: usize = 8;
/// Bytes of a part that are read at once.
const BUFFER: usize = 1 << 18;
/// A copy that fails twice is likely to fail always.
const FAILURES: usize = 2;
/// Bytes a second, as long as nothing was sent that tells: what a home's line may have.
const RATE: f64 = 2_500_000.0;

/// An upload, and where its bytes come from.
#[derive(Clone, Copy)]
pub(super) struct Transfer<'a> {
    pub(super) bucket: &'a BundleBucket,
    pub(super) aws: &'a Aws,
    pub(super) key: &'a str,
    pub(super) id: &'a str,
    pub(super) bundle_file: &'a BundleFile,
    pub(super) source: Option<&'a CopySource>,
}

/// End of a transfer.
pub(super) enum Transferred {
    All {
        parts: Parts,
        /// A copy was given up and may still come in.
        late: bool,
        sent: u64,
        copied: u64,
    },
    /// Another run completed or aborted the upload.
    UploadGone,
}

/// What came back of a part.
enum Landed {
    Sent(usize, Call, Result<UploadPartOutput, SdkError<UploadPartError>>),
    Copied(usize, Call, Result<UploadPartCopyOutput, SdkError<UploadPartCopyError>>),
}

/// Whether a copy counts.
enum Verdict {
    Good(Kept),
    Bad {
        /// Will the next one fail too?
        always: bool,
        /// May it still come in?
        late: bool,
    },
    UploadGone,
    Final(ApiError),
}

/// The parts under way.
struct Flight<'a> {
    transfer: &'a Transfer<'a>,
    pieces: &'a [Piece],
    digests: &'a [[u8; 32]],
    to_send: VecDeque<usize>,
    to_copy: VecDeque<usize>,
    flying: JoinSet<Landed>,
    sending: usize,
    copying: BTreeMap<usize, (Instant, AbortHandle)>,
    begun: Instant,
    sent: u64,
    failures: usize,
}

impl Transfer<'_> {
    /// Send or, with a source, copy what is not there.
    pub(super) async fn run(
        &self,
        pieces: &[Piece],
        digests: &[[u8; 32]],
        mut kept: Parts,
        passed: &mut dyn FnMut(u64),
    ) -> Result<Transferred, Error> {
        let missing = (0..pieces.len()).filter(|index| !kept.contains_key(index));
        let (to_copy, to_send) = missing.partition(|index| self.source.is_some() && pieces[*index].from.is_some());
        let mut flight = Flight {
            transfer: self,
            pieces,
            digests,
            to_send,
            to_copy,
            flying: JoinSet::new(),
            sending: 0,
            copying: BTreeMap::new(),
            begun: Instant::now(),
            sent: 0,
            failures: 0,
        };
        let (mut copied, mut late) = (0, false);
        loop {
            flight.start().await?;
            let landed = match tokio::time::timeout(flight.next_deadline(), flight.flying.join_next()).await {
                Ok(None) => return Ok(Transferred::All { parts: kept, late, sent: flight.sent, copied }),
                Ok(Some(Ok(landed))) => landed,
                Ok(Some(Err(error))) => {
                    assert!(error.is_cancelled(), "an upload of a part does not panic");
                    continue;
                }
                Err(_) => {
                    late |= flight.give_up_slow();
                    continue;
                }
            };
            match landed {
                Landed::Sent(index, call, answer) => {
                    flight.sending -= 1;
                    let answer = match self.aws.write(call.clone(), std::future::ready(answer)).await {
                        // What was read is not what was hashed, unless the network did it.
                        Err(error) if error.kind() == ErrorKind::Damaged => {
                            self.bundle_file.check()?;
                            return Err(error.into());
                        }
                        Err(error) if error.kind() == ErrorKind::Missing => return Ok(Transferred::UploadGone),
                        answer => answer?,
                    };
                    let etag = answer.and_then(|answer| answer.e_tag);
                    let etag = etag.ok_or_else(|| ApiError::empty(call, self.aws.endpoint()))?;
                    kept.insert(index, Kept { etag, checksum: base64::encode(digests[index]) });
                    flight.sent += pieces[index].length;
                    passed(pieces[index].length);
                }
                Landed::Copied(index, call, answer) => {
                    // One that was given up is sent already; whatever came of it, S3 will be asked.
                    let was_waited_for = flight.copying.remove(&index).is_some();
                    let answer = self.aws.write(call, std::future::ready(answer)).await;
                    match judge(answer, &base64::encode(digests[index])) {
                        Verdict::Final(error) => return Err(error.into()),
                        Verdict::UploadGone => return Ok(Transferred::UploadGone),
                        _ if !was_waited_for => {}
                        Verdict::Good(part) => {
                            kept.insert(index, part);
                            copied += pieces[index].length;
                            passed(pieces[index].length);
                        }
                        Verdict::Bad { always, late: may_come } => {
                            late |= may_come;
                            flight.send_instead(index, always);
                        }
                    }
                }
            }
        }
    }

    fn call(&self, operation: &'static str, index: usize) -> Call {
        Call::s3(operation, &self.bucket.name, self.key).with("PartNumber", number(index))
    }
}

impl Flight<'_> {
    /// Let as many go as may fly, those that are sent first.
    async fn start(&mut self) -> Result<(), Error> {
        while self.sending < SENDS
            && let Some(index) = self.to_send.pop_front()
        {
            self.send(index).await?;
        }
        while self.copying.len() < COPIES
            && let Some(index) = self.to_copy.pop_front()
        {
            self.copy(index);
        }
        Ok(())
    }

    async fn send(&mut self, index: usize) -> Result<(), Error> {
        let Transfer { bucket, aws, key, id, bundle_file, .. } = self.transfer;
        let Piece { at, length, .. } = self.pieces[index];
        let checksum = base64::encode(self.digests[index]);
        let call = self.transfer.call("UploadPart", index);
        let call = call.with("ContentLength", length).with("ChecksumSHA256", &checksum);
        if aws.is_dry_run() {
            aws.dry_run(call);
            self.sent += length;
            return Ok(());
        }
        let request = aws.s3.upload_part().bucket(&bucket.name).key(*key).upload_id(*id).part_number(number(index));
        let request = request.checksum_sha256(&checksum).set_expected_bucket_owner(bucket.owner.clone());
        // Read from the file while it is sent: four parts in memory would be 32 MiB, and twice that once an allocator
        // has kept what it was given back.
        let part = ByteStream::read_from().path(&bundle_file.path).offset(at).length(Length::Exact(length));
        let part = part.buffer_size(BUFFER).build().await.map_err(|error| bundle_file.unreadable(&error))?;
        let slow = aws.for_bodies();
        self.sending += 1;
        self.flying.spawn(async move {
            Landed::Sent(index, call, request.body(part).customize().config_override(slow).send().await)
        });
        Ok(())
    }

    fn copy(&mut self, index: usize) {
        let Transfer { bucket, aws, key, id, source, .. } = self.transfer;
        let Piece { length, from, .. } = self.pieces[index];
        let (Some(source), Some(from)) = (source, from) else {
            self.to_send.push_back(index);
            return;
        };
        let range = format!("bytes={from}-{}", from + length - 1);
        let place = bucket.at(&source.key).as_copy_source();
        let call = self.transfer.call("UploadPartCopy", index);
        let call = call.with("CopySource", &place).with("CopySourceRange", &range);
        let call = call.with("CopySourceIfMatch", &source.etag);
        let call = bucket.encrypting(call.with("ChecksumSHA256", base64::encode(self.digests[index])));
        if aws.is_dry_run() {
            aws.dry_run(call);
            return;
        }
        let request = aws.s3.upload_part_copy().bucket(&bucket.name).key(*key).upload_id(*id);
        let request = request.part_number(number(index)).copy_source(place).copy_source_range(range);
        let request = request.copy_source_if_match(&source.etag);
        let request = request.set_expected_bucket_owner(bucket.owner.clone());
        let request = request.set_expected_source_bucket_owner(bucket.owner.clone());
        let slow = aws.for_bodies();
        let task = self
            .flying
            .spawn(async move { Landed::Copied(index, call, request.customize().config_override(slow).send().await) });
        self.copying.insert(index, (Instant::now(), task));
    }

    /// Time that a copy may take: twice what sending it would, as fast as this run has sent so far, and a third of what a
    /// call without an answer has, which is ten seconds unless somebody says otherwise.
    fn allowed(&self, index: usize) -> Duration {
        let seconds = self.begun.elapsed().as_secs_f64();
        let rate = if self.sent > 0 && seconds > 0.0 { self.sent as f64 / seconds } else { RATE };
        let twice = Duration::from_secs_f64(2.0 * self.pieces[index].length as f64 / rate.max(1.0));
        let call = self.transfer.aws.endpoint().timeout;
        twice.clamp(call / 3, call * 10)
    }

    /// Time until the first copy has taken too long.
    fn next_deadline(&self) -> Duration {
        let left = |(index, (since, _)): (&usize, &(Instant, AbortHandle))| {
            self.allowed(*index).saturating_sub(since.elapsed())
        };
        self.copying.iter().map(left).min().unwrap_or(Duration::MAX)
    }

    /// Give up the copies that take too long. Says whether there were any.
    fn give_up_slow(&mut self) -> bool {
        let slow = |(index, (since, _)): &(&usize, &(Instant, AbortHandle))| since.elapsed() >= self.allowed(**index);
        let slow: Vec<usize> = self.copying.iter().filter(slow).map(|(index, _)| *index).collect();
        for index in &slow {
            if let Some((_, task)) = self.copying.remove(index) {
                task.abort();
            }
            self.send_instead(*index, false);
        }
        !slow.is_empty()
    }

    /// A copy came to nothing.
    fn send_instead(&mut self, index: usize, always: bool) {
        self.failures += 1;
        self.to_send.push_back(index);
        if always || self.failures >= FAILURES {
            self.to_send.append(&mut self.to_copy);
        }
    }
}

fn judge(answer: Result<Option<UploadPartCopyOutput>, ApiError>, checksum: &str) -> Verdict {
    let result = match answer {
        Ok(answer) => answer.and_then(|answer| answer.copy_part_result),
        Err(error) if error.is_about_credentials() => return Verdict::Final(error),
        Err(error) if error.code() == Some("NoSuchUpload") => return Verdict::UploadGone,
        Err(error) => return Verdict::Bad { always: error.kind() == ErrorKind::Denied, late: !error.was_answered() },
    };
    let theirs = result.as_ref().and_then(|result| result.checksum_sha256.as_deref());
    match (theirs, result.as_ref().and_then(|result| result.e_tag.clone())) {
        (Some(theirs), Some(etag)) if theirs == checksum => Verdict::Good(Kept { etag, checksum: checksum.to_owned() }),
        // What S3 says nothing about, it will say nothing about the next time.
        (None, _) => Verdict::Bad { always: true, late: false },
        _ => Verdict::Bad { always: false, late: false },
    }
}
