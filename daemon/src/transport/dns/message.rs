//! One SRV question and its answer in wire form (RFC 1035, RFC 2782, RFC 6891). Pure: sockets, servers and
//! time-outs are [`super`]'s.

use simple_dns::rdata::{OPT, RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE, header_buffer};
use xmppd_core::srv::{Answer, Record};

/// The largest datagram we ask for, in bytes: it fits an unfragmented packet on every usual path.
const DATAGRAM: u16 = 1232;

/// How many aliases (CNAME) are followed inside one answer.
const ALIASES: usize = 8;

/// One question for the SRV records of a name.
pub(super) struct Query {
    id: u16,
    name: Name<'static>,
}

/// What one message from the asked server is.
#[derive(Debug, PartialEq)]
pub(super) enum Reply {
    /// Not an answer to our question, or not a readable one: go on listening.
    Foreign,
    /// The answer did not fit: ask again over TCP.
    Truncated,
    /// The server could not or would not answer: ask another one.
    Refused(RCODE),
    /// The answer.
    Answer(Answer),
}

impl Query {
    /// Asks for `name`, which is absolute; `None` if no such name can exist.
    pub(super) fn new(name: &str, id: u16) -> Option<Self> {
        let name = Name::new(name).ok()?.into_owned();
        Some(Self { id, name })
    }

    /// The message; `extended` announces a larger datagram (EDNS0).
    pub(super) fn encode(&self, extended: bool) -> Vec<u8> {
        let mut packet = Packet::new_query(self.id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        packet.questions.push(Question::new(
            self.name.clone(),
            QTYPE::TYPE(TYPE::SRV),
            QCLASS::CLASS(CLASS::IN),
            false,
        ));
        if extended {
            *packet.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: DATAGRAM, version: 0 });
        }
        packet.build_bytes_vec().expect("a question is written to memory")
    }

    /// Reads a message. The sections we do not need are cut off first, so that nothing odd in them can spoil
    /// the answer.
    pub(super) fn read(&self, message: &mut [u8]) -> Reply {
        let Ok(true) = header_buffer::has_flags(message, PacketFlag::RESPONSE) else { return Reply::Foreign };
        let truncated = header_buffer::has_flags(message, PacketFlag::TRUNCATION).unwrap_or(false);
        let Some(counts) = message.get_mut(6..12) else { return Reply::Foreign };
        let needless = if truncated { 0 } else { 2 };
        counts[needless..].fill(0);
        let Ok(packet) = Packet::parse(message) else { return Reply::Foreign };
        if packet.id() != self.id || !self.is_asked_by(&packet) {
            return Reply::Foreign;
        }
        let code = packet.rcode();
        if code == RCODE::NameError {
            Reply::Answer(Answer::None)
        } else if code != RCODE::NoError {
            Reply::Refused(code)
        } else if truncated {
            Reply::Truncated
        } else {
            Reply::Answer(self.answer(&packet))
        }
    }

    /// Whether the question is ours. A server that understood nothing may leave it out.
    fn is_asked_by(&self, packet: &Packet<'_>) -> bool {
        match packet.questions.as_slice() {
            [question] => {
                question.qname == self.name
                    && question.qtype == QTYPE::TYPE(TYPE::SRV)
                    && question.qclass == QCLASS::CLASS(CLASS::IN)
            }
            [] => !matches!(packet.rcode(), RCODE::NoError | RCODE::NameError),
            [_, _, ..] => false,
        }
    }

    fn answer(&self, packet: &Packet<'_>) -> Answer {
        let mut owner = &self.name;
        for _ in 0..=ALIASES {
            let here = || packet.answers.iter().filter(|record| record.class == CLASS::IN && record.name == *owner);
            let services: Vec<_> = here().filter_map(|record| service(&record.rdata)).collect();
            if !services.is_empty() {
                let usable: Vec<_> = services.into_iter().filter_map(record).collect();
                return if usable.is_empty() { Answer::Failed } else { Answer::Records(usable) };
            }
            match here().find_map(|record| alias(&record.rdata)) {
                Some(target) => owner = target,
                None => break,
            }
        }
        Answer::None
    }
}

fn service<'a>(data: &'a RData<'a>) -> Option<&'a SRV<'a>> {
    if let RData::SRV(service) = data { Some(service) } else { None }
}

fn alias<'a>(data: &'a RData<'a>) -> Option<&'a Name<'a>> {
    if let RData::CNAME(target) = data { Some(&target.0) } else { None }
}

/// The record in core's terms; `None` for a target that is no host name. The root stands for "not offered".
fn record(service: &SRV<'_>) -> Option<Record> {
    let labels = service.target.get_labels();
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !labels.iter().all(|label| label.as_ref().iter().all(is_host)) {
        return None;
    }
    let target = if labels.is_empty() { ".".to_owned() } else { service.target.to_string() };
    Some(Record { priority: service.priority, weight: service.weight, port: service.port, target })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use simple_dns::ResourceRecord;
    use simple_dns::rdata::CNAME;

    use super::*;

    const NAME: &str = "_xmpp-client._tcp.verona.example";

    fn query() -> Query {
        Query::new(NAME, 0x1234).unwrap()
    }

    fn srv(owner: &'static str, port: u16, target: &'static str) -> ResourceRecord<'static> {
        let target = Name::new(target).unwrap();
        let data = RData::SRV(SRV { priority: 1, weight: 2, port, target });
        ResourceRecord::new(Name::new(owner).unwrap(), CLASS::IN, 60, data)
    }

    fn cname(owner: &'static str, target: &'static str) -> ResourceRecord<'static> {
        let data = RData::CNAME(CNAME(Name::new(target).unwrap()));
        ResourceRecord::new(Name::new(owner).unwrap(), CLASS::IN, 60, data)
    }

    fn reply(answers: Vec<ResourceRecord<'static>>) -> Packet<'static> {
        let mut packet = Packet::new_reply(0x1234);
        let question = Question::new(Name::new(NAME).unwrap(), QTYPE::TYPE(TYPE::SRV), CLASS::IN.into(), false);
        packet.questions.push(question);
        packet.answers = answers;
        packet
    }

    fn records(ports: &[(u16, &str)]) -> Reply {
        let record = |&(port, target): &(u16, &str)| Record { priority: 1, weight: 2, port, target: target.to_owned() };
        Reply::Answer(Answer::Records(ports.iter().map(record).collect()))
    }

    fn check(packet: &Packet<'_>, expected: &Reply) {
        assert_eq!(&query().read(&mut packet.build_bytes_vec().unwrap()), expected);
        assert_eq!(&query().read(&mut packet.build_bytes_vec_compressed().unwrap()), expected);
    }

    #[test]
    fn records_are_taken_by_owner_and_through_aliases() {
        check(&reply(vec![srv(NAME, 5222, "chat.example")]), &records(&[(5222, "chat.example")]));
        check(&reply(vec![srv("_XMPP-client._tcp.Verona.example", 1, "a.example")]), &records(&[(1, "a.example")]));
        check(&reply(vec![srv(NAME, 0, ".")]), &records(&[(0, ".")]));
        check(&reply(vec![srv("b", 2, "x"), cname("a", "b"), cname(NAME, "a")]), &records(&[(2, "x")]));
        check(&reply(vec![srv("other.example", 5222, "evil.example")]), &Reply::Answer(Answer::None));
        check(&reply(vec![cname(NAME, "a"), cname("a", NAME)]), &Reply::Answer(Answer::None));
        check(&reply(vec![]), &Reply::Answer(Answer::None));
    }

    #[test]
    fn a_target_that_is_no_host_is_dropped() {
        let good = srv(NAME, 1, "good.example");
        check(&reply(vec![srv(NAME, 9, "a b.example"), good]), &records(&[(1, "good.example")]));
        check(&reply(vec![srv(NAME, 9, r"a\000b.example")]), &Reply::Answer(Answer::Failed));
    }

    #[test]
    fn only_an_answer_to_our_question_counts() {
        let mut other_id = reply(vec![]);
        other_id.set_id(0x1235);
        check(&other_id, &Reply::Foreign);
        let mut other_name = reply(vec![]);
        other_name.questions[0].qname = Name::new("_xmpp-client._tcp.mantua.example").unwrap();
        check(&other_name, &Reply::Foreign);
        let mut other_type = reply(vec![]);
        other_type.questions[0].qtype = QTYPE::TYPE(TYPE::TXT);
        check(&other_type, &Reply::Foreign);
        let mut none = reply(vec![]);
        none.questions.clear();
        check(&none, &Reply::Foreign);
        assert_eq!(query().read(&mut query().encode(true)), Reply::Foreign);
    }

    #[test]
    fn a_refusal_is_told_from_an_absence() {
        for (code, expected) in [
            (RCODE::NameError, Reply::Answer(Answer::None)),
            (RCODE::ServerFailure, Reply::Refused(RCODE::ServerFailure)),
            (RCODE::Refused, Reply::Refused(RCODE::Refused)),
        ] {
            let mut packet = reply(vec![]);
            *packet.rcode_mut() = code;
            check(&packet, &expected);
        }
        let mut bare = Packet::new_reply(0x1234);
        *bare.rcode_mut() = RCODE::FormatError;
        check(&bare, &Reply::Refused(RCODE::FormatError));
    }

    #[test]
    fn a_cut_answer_is_told_by_its_flag_and_junk_behind_the_answer_is_ignored() {
        let mut cut = reply(vec![srv(NAME, 5222, "chat.example")]);
        cut.set_flags(PacketFlag::TRUNCATION);
        let mut bytes = cut.build_bytes_vec().unwrap();
        bytes.truncate(60);
        assert_eq!(query().read(&mut bytes), Reply::Truncated);
        let mut odd = reply(vec![srv(NAME, 5222, "chat.example")]).build_bytes_vec().unwrap();
        odd[11] = 3;
        odd.extend_from_slice(&[0xc0, 0xff, 1, 2, 3]);
        assert_eq!(query().read(&mut odd), records(&[(5222, "chat.example")]));
    }

    proptest! {
        #[test]
        fn no_message_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            query().read(&mut bytes);
        }

        #[test]
        fn no_damaged_answer_panics(at in 0_usize..400, value: u8, length in 0_usize..400) {
            let packet = reply(vec![cname(NAME, "a.example"), srv("a.example", 5222, "chat.example")]);
            let mut bytes = packet.build_bytes_vec_compressed().unwrap();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            bytes.truncate(length);
            query().read(&mut bytes);
        }
    }
}
