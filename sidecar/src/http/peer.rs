//! Who is at the other end of the TCP connection: the one thing a client cannot make up.

use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// The peer's address; the server puts it into each request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// Whether the peer is in one of the networks. An IPv4 address that arrives over IPv6 counts
    /// as itself.
    pub fn is_in(self, networks: &[IpNet]) -> bool {
        let address: IpAddr = self.0.ip().to_canonical();
        networks.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_they_say_and_mapped_addresses_count() {
        let networks = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        for (address, inside) in [
            ("10.1.2.3:1", true),
            ("[::ffff:10.1.2.3]:1", true),
            ("[::1]:1", true),
            ("11.0.0.1:1", false),
            ("127.0.0.1:1", false),
        ] {
            assert_eq!(Peer(address.parse().unwrap()).is_in(&networks), inside, "{address}");
        }
    }
}
