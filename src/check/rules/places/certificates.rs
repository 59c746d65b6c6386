//! Certificates: whether a private key is one that serves a developer's own machine.

use crate::beanstalk::tree::Tree;

/// Words in a certificate, or in the name of its key, by which it is for nobody but a developer.
const ISSUERS: [&str; 2] = ["mkcert development", "localhost"];

/// Is the key called one of `localhost`, or does a certificate in its folder say that it is?
pub(super) fn is_of_development(tree: &Tree, key: &str) -> bool {
    let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
    if name.to_ascii_lowercase().contains("localhost") {
        return true;
    }
    let beside = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder) == folder;
    let paths = tree.iter().map(|(path, _)| path).filter(|path| beside(path) && is_certificates(path));
    let certificates: Vec<Vec<u8>> = paths.filter_map(|path| tree.text(path)).flat_map(decoded).collect();
    let is_developers = |bytes: &Vec<u8>| {
        let text = String::from_utf8_lossy(bytes);
        ISSUERS.iter().any(|issuer| text.contains(issuer))
    };
    !certificates.is_empty() && certificates.iter().all(is_developers)
}

fn is_certificates(path: &str) -> bool {
    [".pem", ".crt", ".cer", ".cert"].iter().any(|end| path.ends_with(end))
}

/// What the certificates of a text say, as bytes.
fn decoded(text: &str) -> Vec<Vec<u8>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let bodies = text.split(BEGIN).skip(1).filter_map(|rest| rest.split("-----END").next());
    bodies.map(base64).collect()
}

/// The bytes of a text in base64; whatever else stands in it is passed over.
fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values = text.bytes().filter_map(|byte| LETTERS.iter().position(|letter| *letter == byte));
    let (mut found, mut bits, mut count) = (Vec::new(), 0_usize, 0);
    for value in values {
        bits = (bits << 6 | value) & 0xfff;
        count += 6;
        if count >= 8 {
            count -= 8;
            found.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";

    #[track_caller]
    fn case(expected: bool, key: &str, files: &[(&str, &str)]) {
        let tree = files.iter().fold(Tree::default().file(key, KEY), |tree, (path, text)| tree.file(path, *text));
        assert_eq!(is_of_development(&tree, key), expected, "{key} {files:?}");
    }

    #[test]
    fn whose_key_it_is() {
        // "mkcert development CA", "CN=localhost" and "www.example.com".
        let mkcert = "-----BEGIN CERTIFICATE-----\nbWtjZXJ0IGRldmVs\nb3BtZW50IENB\n-----END CERTIFICATE-----\n";
        let own = "-----BEGIN CERTIFICATE-----\nQ049bG9jYWxob3N0\n-----END CERTIFICATE-----\n";
        let real = "-----BEGIN CERTIFICATE-----\nd3d3LmV4YW1wbGUuY29t\n-----END CERTIFICATE-----\n";
        case(true, "key.pem", &[("cert.pem", mkcert)]);
        case(true, "tls/server.key", &[("tls/server.crt", own)]);
        case(true, "localhost-key.pem", &[]);
        case(false, "key.pem", &[("cert.pem", real)]);
        case(false, "key.pem", &[("cert.pem", real), ("other.pem", mkcert)]);
        case(false, "key.pem", &[("tls/cert.pem", mkcert)]);
        case(false, "key.pem", &[]);
    }
}
