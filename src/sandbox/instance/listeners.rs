//! Where the processes of an instance listen: to find the one that missed its port, and the one that others can reach.
//!
//! beansprout itself listens on loopback only, and moves what it can (see `address`). A program that binds every
//! interface in its own code is not stopped: it would need a network of its own, and then could reach neither its
//! database nor a package registry. So it is told. Only Linux can tell.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    /// The name of the program, as the kernel has it.
    pub(crate) program: String,
}

impl Listener {
    /// Can another machine reach it?
    pub(crate) fn is_open(&self) -> bool {
        !self.address.ip().to_canonical().is_loopback()
    }

    pub(crate) fn warning(&self) -> String {
        let Self { address, program } = self;
        format!("`{program}` listens on {address}, in its own code: on this machine that is open to the network")
    }
}

/// Where these processes listen for TCP connections.
pub(crate) fn listeners(pids: &[i32]) -> Vec<Listener> {
    let sockets: BTreeMap<u64, SocketAddr> = ["tcp", "tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(format!("/proc/net/{table}")).ok())
        .flat_map(|table| listening(&table))
        .collect();
    let mut found: Vec<Listener> = pids
        .iter()
        .flat_map(|pid| {
            let dir = format!("/proc/{pid}");
            let program = std::fs::read_to_string(format!("{dir}/comm")).unwrap_or_default().trim().to_owned();
            let files = std::fs::read_dir(format!("{dir}/fd")).into_iter().flatten().flatten();
            let links = files.filter_map(|file| std::fs::read_link(file.path()).ok());
            let inodes = links
                .filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok());
            let addresses: Vec<SocketAddr> = inodes.filter_map(|inode| sockets.get(&inode).copied()).collect();
            addresses.into_iter().map(move |address| Listener { address, program: program.clone() })
        })
        .collect();
    // A server and its workers share one socket.
    found.sort();
    found.dedup_by_key(|listener| listener.address);
    found
}

/// The listening sockets of a table of the kernel's: inode and address.
fn listening(table: &str) -> Vec<(u64, SocketAddr)> {
    const LISTEN: &str = "0A";
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        (*state == LISTEN).then_some(())?;
        Some((inode.parse().ok()?, address(local)?))
    };
    table.lines().skip(1).filter_map(row).collect()
}

/// `0100007F:1F40`: words as the machine has them, which are in the order of the network.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let word = |at: usize| Some(u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_kernel_are_read() {
        let four = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0\n   \
                    1: 00000000:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0 100 0 0 10 0\n   \
                    2: 0100007F:1F90 0100007F:B000 01 00000000:00000000 00:00000000 00000000     0        0 13 1 0 20 4 30 10 -1\n";
        let read = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(listening(four), [(11, read("127.0.0.1:8080")), (12, read("0.0.0.0:5000"))]);
        assert_eq!(address("00000000000000000000000001000000:0050"), Some(read("[::1]:80")));
        assert_eq!(address("00000000000000000000000000000000:0050"), Some(read("[::]:80")));
        assert_eq!(address("x"), None);
    }

    #[test]
    fn only_loopback_is_not_open() {
        let case = |address: &str, open: bool| {
            let listener = Listener { address: address.parse().unwrap(), program: "python".to_owned() };
            assert_eq!(listener.is_open(), open, "{address}");
        };
        case("127.0.0.1:1", false);
        case("[::1]:1", false);
        case("[::ffff:127.0.0.1]:1", false);
        case("0.0.0.0:1", true);
        case("[::]:1", true);
        case("192.168.1.2:1", true);
    }
}
