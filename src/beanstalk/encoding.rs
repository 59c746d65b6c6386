//! Bytes to text, as strictly as Elastic Beanstalk: UTF-8, and nothing invisible in it.

use std::ops::Range;

/// Text, and whether a byte order mark stood before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoded<'a> {
    pub text: &'a str,
    pub bom: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the file is {encoding}, not UTF-8")]
    Utf16 { encoding: &'static str },
    #[error("byte {offset} is not UTF-8")]
    NotUtf8 { offset: usize },
    #[error("there is a NUL character at byte {offset}")]
    Nul { offset: usize },
}

impl Error {
    /// Where in the bytes.
    pub fn range(&self) -> Range<usize> {
        match self {
            Self::Utf16 { .. } => 0..0,
            Self::NotUtf8 { offset } | Self::Nul { offset } => *offset..offset + 1,
        }
    }
}

/// Text without its byte order mark.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, Error> {
    if let Some(encoding) = utf16(bytes) {
        return Err(Error::Utf16 { encoding: encoding.name() });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Error::NotUtf8 { offset: error.valid_up_to() })?;
    if let Some(offset) = text.find('\0') {
        return Err(Error::Nul { offset });
    }
    match text.strip_prefix('\u{feff}') {
        Some(text) => Ok(Decoded { text, bom: true }),
        None => Ok(Decoded { text, bom: false }),
    }
}

/// The text as pip reads it, which knows the byte order marks (`auto_decode`, tried with pip 20.3 to 25.3). UTF-16 without a
/// mark is read here too, so that its lines can be judged.
pub fn pip(bytes: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    match decode(bytes) {
        Ok(decoded) => Some(decoded.text.into()),
        Err(_) => recover(bytes).map(Into::into),
    }
}

/// The text that somebody meant when they saved these bytes as UTF-16, as PowerShell's `>` does.
pub fn recover(bytes: &[u8]) -> Option<String> {
    let order = utf16(bytes)?;
    let units = bytes.chunks_exact(2).map(|pair| match order {
        Order::Little => u16::from_le_bytes([pair[0], pair[1]]),
        Order::Big => u16::from_be_bytes([pair[0], pair[1]]),
    });
    let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::Little => "UTF-16 (little endian)",
            Self::Big => "UTF-16 (big endian)",
        }
    }
}

/// UTF-16 by its byte order mark, or by every other byte of the beginning being NUL.
fn utf16(bytes: &[u8]) -> Option<Order> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(Order::Little),
        [0xfe, 0xff, ..] => return Some(Order::Big),
        _ => {}
    }
    let head = &bytes[..bytes.len().min(64) & !1];
    let nul = |offset: usize| head.iter().skip(offset).step_by(2).filter(|&&byte| byte == 0).count();
    let half = head.len() / 2;
    match (nul(0), nul(1)) {
        (0, odd) if half >= 4 && odd == half => Some(Order::Little),
        (even, 0) if half >= 4 && even == half => Some(Order::Big),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong_with_the_bytes() {
        assert_eq!(decode(b"ok"), Ok(Decoded { text: "ok", bom: false }));
        assert_eq!(decode(b"\xef\xbb\xbfok"), Ok(Decoded { text: "ok", bom: true }));
        assert_eq!(decode(b"\xff\xfeD\0"), Err(Error::Utf16 { encoding: "UTF-16 (little endian)" }));
        assert_eq!(decode(b"D\0j\0a\0n\0"), Err(Error::Utf16 { encoding: "UTF-16 (little endian)" }));
        assert_eq!(decode(b"caf\xe9"), Err(Error::NotUtf8 { offset: 3 }));
        assert_eq!(decode(b"a\0b"), Err(Error::Nul { offset: 1 }));
    }

    #[test]
    fn utf16_can_be_recovered() {
        let bytes: Vec<u8> = "\u{feff}Django==5.2\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(recover(&bytes).as_deref(), Some("Django==5.2\r\n"));
        assert_eq!(recover(b"Django"), None);
    }
}
