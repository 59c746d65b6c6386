//! One request to an instance, as its balancer and its queue daemon make them: a connection each, HTTP/1.1.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Bytes that are read of an answer: its head is what counts here.
const READ: u64 = 64 * 1024;

pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: &'a [u8],
    pub(crate) connect: Duration,
    /// Time for which the other side may say nothing.
    pub(crate) patience: Duration,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
}

/// Ask `port` of loopback.
pub(crate) fn ask(port: u16, request: &Request<'_>) -> std::io::Result<Response> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, request.connect)?;
    stream.set_read_timeout(Some(request.patience))?;
    stream.set_write_timeout(Some(request.patience))?;
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        // What a person wrote down must not end the line.
        let value = value.replace(|c: char| c.is_control(), " ");
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if request.method != "GET" {
        head.push_str(&format!("Content-Length: {}\r\n", request.body.len()));
    }
    head.push_str("Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(request.body)?;
    let mut answer = Vec::new();
    stream.take(READ).read_to_end(&mut answer)?;
    read(&String::from_utf8_lossy(&answer)).ok_or_else(|| std::io::Error::other("the answer is not HTTP"))
}

fn read(answer: &str) -> Option<Response> {
    let head = answer.split("\r\n\r\n").next()?;
    let status = head.strip_prefix("HTTP/")?.split(' ').nth(1)?.trim().parse().ok()?;
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    Some(Response { status, location })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_an_answer_is_read() {
        let answer = "HTTP/1.1 302 Found\r\nServer: a\r\nlocation:  /login/\r\n\r\nLocation: no\r\n";
        assert_eq!(read(answer), Some(Response { status: 302, location: Some("/login/".to_owned()) }));
        assert_eq!(read("HTTP/1.0 200\r\n\r\n"), Some(Response { status: 200, location: None }));
        assert_eq!(read("SSH-2.0-OpenSSH 9.2"), None);
        assert_eq!(read(""), None);
    }
}
