//! Hears from the kernel when links, addresses and routes change (rtnetlink(7)).

use std::io;
use std::net::UdpSocket;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

use super::picture::Picture;

/// The multicast groups of rtnetlink(7): links, addresses and routes of both families.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
/// Room for one datagram; the kernel sends no larger ones (netlink(7)).
const ROOM: usize = 32 * 1024;
/// So many datagrams are read in a row: what comes meanwhile belongs to the same burst.
const IN_A_ROW: usize = 64;

/// A socket that the kernel tells of changes.
pub(super) struct Kernel {
    // A socket is a socket: this type only lends its way of waiting for one, and `recv` is recv(2).
    socket: tokio::net::UdpSocket,
    picture: Picture,
    room: Vec<u8>,
}

impl Kernel {
    pub(super) fn new() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        let socket = tokio::net::UdpSocket::from_std(UdpSocket::from(socket))?;
        Ok(Self { socket, picture: Picture::default(), room: vec![0; ROOM] })
    }

    /// Waits for news; whether anything is different. May be dropped at any point.
    pub(super) async fn next(&mut self) -> bool {
        let first = self.socket.recv(&mut self.room).await;
        let mut changed = self.take(first);
        for _ in 0..IN_A_ROW {
            match self.socket.try_recv(&mut self.room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                more => changed |= self.take(more),
            }
        }
        changed
    }

    fn take(&mut self, received: io::Result<usize>) -> bool {
        match received {
            Ok(length) => self.picture.hear(self.room.get(..length).unwrap_or_default()),
            // More has happened than there was room for.
            Err(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_kernel_lets_itself_be_listened_to() {
        let mut kernel = Kernel::new().unwrap();
        // What other programs do to the network meanwhile is no failure.
        let _ = tokio::time::timeout(std::time::Duration::from_millis(20), kernel.next()).await;
    }
}
