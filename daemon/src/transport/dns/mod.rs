//! Looks up where a domain's service is: SRV records by an own stub (the C library has no call for them), host
//! addresses by the system's resolver. What the records mean, and in which order to try them, is
//! `xmppd_core::srv`'s.

mod message;
#[cfg(test)]
pub(crate) mod tests;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use resolv_conf::{Config, ScopedIp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::timeout;
use xmppd_core::entropy::Entropy;
use xmppd_core::srv::{Answer, Found};

use message::{Query, Reply};

/// How many servers of the configuration are asked, as in the C library.
const SERVERS: usize = 3;

/// How long one server has for one answer.
const PATIENCE: Duration = Duration::from_millis(2500);

/// How long the system's resolver has for a host's addresses.
const HOST_PATIENCE: Duration = Duration::from_secs(10);

/// Room for one datagram, in bytes: more than we announce, since some servers send more.
const ROOM: usize = 4096;

/// Asks the servers that `resolv.conf` names, which is read anew each time: it changes with the network.
#[derive(Debug, Clone)]
pub(crate) struct Resolver {
    configuration: PathBuf,
    port: u16,
    patience: Duration,
}

impl Resolver {
    /// The resolver of this machine.
    pub(crate) fn system() -> Self {
        Self { configuration: PathBuf::from("/etc/resolv.conf"), port: 53, patience: PATIENCE }
    }

    /// Both SRV record sets of `domain`, an ASCII name (RFC 6120 section 3.2.1, XEP-0368).
    pub(crate) async fn services(&self, domain: &str, entropy: &mut Entropy) -> Found {
        let servers = self.servers().await;
        let mut query = |service: &str| Query::new(&format!("_{service}._tcp.{domain}."), id(entropy));
        let (direct, starttls) = (query("xmpps-client"), query("xmpp-client"));
        let (direct, starttls) = tokio::join!(self.look_up(&servers, direct), self.look_up(&servers, starttls));
        Found { direct, starttls }
    }

    /// The addresses of a host, best first as the system sees it (RFC 6724), within 10 seconds.
    pub(crate) async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = timeout(HOST_PATIENCE, lookup_host((host, port))).await??;
        Ok(found.collect())
    }

    async fn servers(&self) -> Vec<SocketAddr> {
        // A missing or broken file means the server on this machine, as in the C library.
        let text = std::fs::read(&self.configuration).unwrap_or_default();
        let (configuration, _) = Config::parse_with_errors(&text);
        let mut servers = Vec::new();
        for server in configuration.get_nameservers_or_local().into_iter().take(SERVERS) {
            match server {
                ScopedIp::V4(address) => servers.push(SocketAddr::from((address, self.port))),
                ScopedIp::V6(address, None) => servers.push(SocketAddr::from((address, self.port))),
                // The system turns an interface's name into its number.
                ScopedIp::V6(_, Some(_)) => {
                    servers.extend(lookup_host((server.to_string(), self.port)).await.into_iter().flatten());
                }
            }
        }
        servers
    }

    /// Each server is tried twice. The second try does without EDNS0, which some servers and paths drop.
    async fn look_up(&self, servers: &[SocketAddr], query: Option<Query>) -> Answer {
        let Some(query) = query else { return Answer::Failed };
        for extended in [true, false] {
            for server in servers {
                match timeout(self.patience, ask(*server, &query, extended)).await {
                    Ok(Ok(answer)) => return answer,
                    Ok(Err(error)) => tracing::debug!(%server, extended, %error, "no SRV answer"),
                    Err(_) => tracing::debug!(%server, extended, "no SRV answer in time"),
                }
            }
        }
        Answer::Failed
    }
}

fn id(entropy: &mut Entropy) -> u16 {
    let [high, low, ..] = entropy.bytes();
    u16::from_be_bytes([high, low])
}

async fn ask(server: SocketAddr, query: &Query, extended: bool) -> io::Result<Answer> {
    let reply = match over_udp(server, query, extended).await? {
        Reply::Truncated => over_tcp(server, query, extended).await?,
        whole @ (Reply::Foreign | Reply::Refused(_) | Reply::Answer(_)) => whole,
    };
    match reply {
        Reply::Answer(answer) => Ok(answer),
        Reply::Refused(code) => Err(io::Error::other(format!("the server answered {code:?}"))),
        Reply::Foreign | Reply::Truncated => Err(io::Error::other("the server's answer is not to our question")),
    }
}

async fn over_udp(server: SocketAddr, query: &Query, extended: bool) -> io::Result<Reply> {
    let any = match server {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    // Port 0: the kernel draws a random one. Connected: datagrams from elsewhere never reach us.
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(&query.encode(extended)).await?;
    let mut room = vec![0; ROOM];
    loop {
        let length = socket.recv(&mut room).await?;
        match query.read(&mut room[..length]) {
            Reply::Foreign => {}
            ours @ (Reply::Truncated | Reply::Refused(_) | Reply::Answer(_)) => return Ok(ours),
        }
    }
}

async fn over_tcp(server: SocketAddr, query: &Query, extended: bool) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(server).await?;
    let question = query.encode(extended);
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], &question].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(query.read(&mut answer))
}
