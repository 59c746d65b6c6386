//! Hexadecimal text of bytes, lower case, as digests are written everywhere.

/// Two digits a byte.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    hex_simd::encode_to_string(bytes, hex_simd::AsciiCase::Lower)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(super::encode([0x00, 0x0f, 0xa0, 0xff]), "000fa0ff");
        assert_eq!(super::encode([]), "");
    }
}
