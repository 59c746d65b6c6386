//! Hexadecimal text of bytes, lower case, as digests are written everywhere.

/// Two digits a byte.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    hex_simd::encode_to_string(bytes, hex_simd::AsciiCase::Lower)
}

/// Is `text` so many digits, as we write them?
pub fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_are_as_many_as_asked_for_and_lower_case() {
        assert!(super::is_digits("0189abcdef", 10));
        for text in ["", "0189abcde", "0189abcdef0", "0189ABCDEF", "0189abcdeg", "0189abcdé"] {
            assert!(!super::is_digits(text, 10), "{text}");
        }
    }

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(super::encode([0x00, 0x0f, 0xa0, 0xff]), "000fa0ff");
        assert_eq!(super::encode([]), "");
    }
}
