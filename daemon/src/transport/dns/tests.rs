//! The stub against a server of our own on the loopback.

use std::net::SocketAddr;
use std::time::Duration;

use simple_dns::rdata::{RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, RCODE, ResourceRecord};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use xmppd_core::entropy::Entropy;
use xmppd_core::srv::{Answer, Found, Record};

use super::Resolver;
use crate::transport::testing::Scrap;

/// What a test's server does with a question: messages to answer with, in order.
type Script = fn(&Question) -> Vec<Vec<u8>>;

/// One question as the server sees it.
pub(crate) struct Question {
    bytes: Vec<u8>,
    over_tcp: bool,
}

impl Question {
    /// An answer to this question: one record that leads to `port`, `target`.
    fn answered(&self, port: u16, target: &'static str) -> Packet<'static> {
        let query = Packet::parse(&self.bytes).unwrap();
        let mut reply = Packet::new_reply(query.id());
        let name = query.questions[0].qname.clone().into_owned();
        reply.questions.push(query.questions[0].clone().into_owned());
        let data = RData::SRV(SRV { priority: 5, weight: 0, port, target: Name::new(target).unwrap() });
        reply.answers.push(ResourceRecord::new(name, CLASS::IN, 60, data));
        reply
    }

    fn coded(&self, code: RCODE) -> Vec<u8> {
        let mut reply = self.answered(0, ".");
        reply.answers.clear();
        *reply.rcode_mut() = code;
        bytes(&reply)
    }

    pub(crate) fn is_for_direct(&self) -> bool {
        Packet::parse(&self.bytes).unwrap().questions[0].qname.to_string().starts_with("_xmpps-client.")
    }

    fn is_extended(&self) -> bool {
        Packet::parse(&self.bytes).unwrap().opt().is_some()
    }
}

/// A DNS server on the loopback, over UDP and TCP, until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    tasks: [JoinHandle<()>; 2],
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Question) -> Vec<Vec<u8>> + Copy + Send + 'static) -> Self {
        let (udp, tcp) = sockets().await;
        let address = udp.local_addr().unwrap();
        let datagrams = tokio::spawn(async move {
            let mut room = [0; 2048];
            while let Ok((length, from)) = udp.recv_from(&mut room).await {
                for answer in script(&Question { bytes: room[..length].to_vec(), over_tcp: false }) {
                    udp.send_to(&answer, from).await.unwrap();
                }
            }
        });
        let streams = tokio::spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut question).await.unwrap();
                for answer in script(&Question { bytes: question, over_tcp: true }) {
                    stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
                    stream.write_all(&answer).await.unwrap();
                }
            }
        });
        Self { address, tasks: [datagrams, streams] }
    }

    /// The resolver that a file with this text makes; the port is the server's.
    pub(crate) fn resolver(&self, file: &Scrap) -> Resolver {
        Resolver { configuration: file.path().to_owned(), port: self.address.port(), patience: Duration::from_secs(1) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Answers with one record that leads to `port` on `target`; no port: there is no record; port 0: the service is
/// declared absent.
pub(crate) fn leading_to(question: &Question, port: Option<u16>, target: &'static str) -> Vec<Vec<u8>> {
    match port {
        None => vec![question.coded(RCODE::NameError)],
        Some(0) => vec![bytes(&question.answered(0, "."))],
        Some(port) => vec![bytes(&question.answered(port, target))],
    }
}

async fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

fn bytes(packet: &Packet<'_>) -> Vec<u8> {
    packet.build_bytes_vec().unwrap()
}

fn leads_to(port: u16, target: &str) -> Answer {
    Answer::Records(vec![Record { priority: 5, weight: 0, port, target: target.to_owned() }])
}

async fn ask(name: &str, configuration: &str, script: Script) -> Found {
    let server = Server::start(script).await;
    let file = Scrap::new(name, configuration);
    server.resolver(&file).services("verona.example", &mut Entropy::new([3; 32])).await
}

async fn check(name: &str, script: Script, expected: &Answer) {
    let found = ask(name, "nameserver 127.0.0.1\n", script).await;
    assert_eq!((&found.direct, &found.starttls), (expected, expected), "{name}");
}

#[tokio::test]
async fn each_service_has_its_own_answer() {
    let found = ask("services", "# ours\nnameserver 127.0.0.1\noptions edns0\n", |question| {
        let port = if question.is_for_direct() { 5223 } else { 5222 };
        vec![bytes(&question.answered(port, "chat.example"))]
    });
    let found = found.await;
    assert_eq!(found.direct, leads_to(5223, "chat.example"));
    assert_eq!(found.starttls, leads_to(5222, "chat.example"));
}

#[tokio::test]
async fn absence_is_told_from_failure() {
    check("absent-name", |question| vec![question.coded(RCODE::NameError)], &Answer::None).await;
    check("absent-data", |question| vec![question.coded(RCODE::NoError)], &Answer::None).await;
    check("failing", |question| vec![question.coded(RCODE::ServerFailure)], &Answer::Failed).await;
    check("refusing", |question| vec![question.coded(RCODE::Refused)], &Answer::Failed).await;
}

#[tokio::test]
async fn a_cut_answer_is_asked_for_again_over_tcp() {
    let script: Script = |question| {
        let mut reply = question.answered(5222, "chat.example");
        if !question.over_tcp {
            reply.answers.clear();
            reply.set_flags(PacketFlag::TRUNCATION);
        }
        vec![bytes(&reply)]
    };
    check("cut", script, &leads_to(5222, "chat.example")).await;
}

#[tokio::test]
async fn forged_and_unreadable_messages_are_passed_over() {
    let script: Script = |question| {
        let mut forged = question.answered(5222, "evil.example");
        forged.set_id(forged.id().wrapping_add(1));
        vec![bytes(&forged), vec![], vec![0xff; 40], bytes(&question.answered(5222, "chat.example"))]
    };
    check("forged", script, &leads_to(5222, "chat.example")).await;
}

#[tokio::test]
async fn a_server_that_knows_no_edns_is_asked_without() {
    let script: Script = |question| {
        if question.is_extended() {
            return vec![question.coded(RCODE::FormatError)];
        }
        vec![bytes(&question.answered(5222, "chat.example"))]
    };
    check("plain", script, &leads_to(5222, "chat.example")).await;
}

#[tokio::test]
async fn a_lost_datagram_is_asked_for_again() {
    let script: Script = |question| {
        if question.is_extended() {
            return vec![];
        }
        vec![bytes(&question.answered(5222, "chat.example"))]
    };
    check("lost", script, &leads_to(5222, "chat.example")).await;
}

#[tokio::test]
async fn the_next_server_answers_for_a_dead_one() {
    let script: Script = |question| vec![bytes(&question.answered(5222, "chat.example"))];
    let found = ask("second", "nameserver 127.0.0.99\nnameserver 127.0.0.1\n", script).await;
    assert_eq!(found.starttls, leads_to(5222, "chat.example"));
}

#[tokio::test]
async fn no_configuration_means_the_server_on_this_machine() {
    let script: Script = |question| vec![bytes(&question.answered(5222, "chat.example"))];
    assert_eq!(ask("empty", "", script).await.starttls, leads_to(5222, "chat.example"));
    let found = ask("junk", "nameserver not-an-address\n\u{0}\u{0}\nsearch\n", script).await;
    assert_eq!(found.starttls, leads_to(5222, "chat.example"));
}

#[tokio::test]
async fn the_configuration_is_read_anew_each_time() {
    let server = Server::start(|question| vec![bytes(&question.answered(5222, "chat.example"))]).await;
    let file = Scrap::new("anew", "nameserver 127.0.0.99\n");
    let resolver = server.resolver(&file);
    let mut entropy = Entropy::new([3; 32]);
    assert_eq!(resolver.services("verona.example", &mut entropy).await.starttls, Answer::Failed);
    std::fs::write(file.path(), "nameserver 127.0.0.1\n").unwrap();
    assert_eq!(resolver.services("verona.example", &mut entropy).await.starttls, leads_to(5222, "chat.example"));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_after_two_tries_a_server() {
    let server = Server::start(|_| vec![]).await;
    let file = Scrap::new("silence", "nameserver 127.0.0.1\n");
    let resolver = Resolver { patience: super::PATIENCE, ..server.resolver(&file) };
    let start = tokio::time::Instant::now();
    let found = resolver.services("verona.example", &mut Entropy::new([3; 32])).await;
    assert_eq!((found.direct, found.starttls), (Answer::Failed, Answer::Failed));
    assert_eq!(start.elapsed().as_secs(), 5);
}
