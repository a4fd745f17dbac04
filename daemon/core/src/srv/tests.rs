//! Answers as one line each: `priority weight port target; …`, `-` for no record, `!` for a failed look-up.

use std::collections::HashMap;

use super::*;

fn answer(text: &str) -> Answer {
    match text {
        "-" => Answer::None,
        "!" => Answer::Failed,
        records => Answer::Records(records.split("; ").map(record).collect()),
    }
}

fn record(text: &str) -> Record {
    let fields: Vec<&str> = text.split(' ').collect();
    let number = |index: usize| fields[index].parse().unwrap();
    Record { priority: number(0), weight: number(1), port: number(2), target: fields[3].to_owned() }
}

fn found(direct: &str, starttls: &str) -> Found {
    Found { direct: answer(direct), starttls: answer(starttls) }
}

fn check(direct: &str, starttls: &str, policy: TlsPolicy, expected: &str) {
    let candidates = candidates("heron.example", found(direct, starttls), policy, &mut Entropy::new([0; 32]));
    let text = match candidates {
        Err(NotOffered) => "not offered".to_owned(),
        Ok(groups) => {
            let group = |group: &Vec<Endpoint>| group.iter().map(print).collect::<Vec<_>>().join(" or ");
            groups.iter().map(group).collect::<Vec<_>>().join(", ")
        }
    };
    assert_eq!(text, expected, "{direct} | {starttls} | {policy:?}");
}

fn print(endpoint: &Endpoint) -> String {
    let security = match endpoint.security {
        Security::Direct => "direct",
        Security::StartTls => "starttls",
    };
    format!("{security} {}:{}", endpoint.host, endpoint.port)
}

#[test]
fn both_services_are_mixed_by_priority() {
    let direct = "30 0 443 c.example; 10 5 5223 A.Example.";
    let starttls = "20 0 5222 b.example; 40 0 5222 d.example.";
    let all = "direct a.example:5223, starttls b.example:5222, direct c.example:443, starttls d.example:5222";
    check(direct, starttls, TlsPolicy::Auto, all);
    check(direct, starttls, TlsPolicy::Direct, "direct a.example:5223, direct c.example:443");
    check(direct, starttls, TlsPolicy::StartTls, "starttls b.example:5222, starttls d.example:5222");
    check("-", starttls, TlsPolicy::Auto, "starttls b.example:5222, starttls d.example:5222");
    check(direct, "!", TlsPolicy::Auto, "direct a.example:5223, direct c.example:443");
}

#[test]
fn those_of_one_priority_stand_together() {
    let direct = "10 0 443 a.example; 20 0 443 c.example";
    let starttls = "20 0 443 c.example; 10 0 443 a.example";
    let groups =
        candidates("heron.example", found(direct, starttls), TlsPolicy::Auto, &mut Entropy::new([0; 32])).unwrap();
    assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    assert!(groups[0].iter().all(|endpoint| endpoint.host == "a.example"), "{groups:?}");
}

#[test]
fn without_records_the_domain_itself_is_dialled() {
    for nothing in ["-", "!", "0 0 0 host.example"] {
        check(nothing, nothing, TlsPolicy::Auto, "starttls heron.example:5222");
        check(nothing, "0 0 5222 .", TlsPolicy::Direct, "direct heron.example:5223");
        check("0 0 5223 .", nothing, TlsPolicy::StartTls, "starttls heron.example:5222");
    }
}

#[test]
fn a_lone_dot_says_that_a_service_is_not_offered() {
    let dot = "0 0 0 .";
    check(dot, dot, TlsPolicy::Auto, "not offered");
    check("-", dot, TlsPolicy::Auto, "not offered");
    check("!", dot, TlsPolicy::Auto, "not offered");
    check(dot, "-", TlsPolicy::Auto, "starttls heron.example:5222");
    check(dot, "-", TlsPolicy::Direct, "not offered");
    check("-", dot, TlsPolicy::StartTls, "not offered");
    check(dot, "0 0 5222 b.example", TlsPolicy::Auto, "starttls b.example:5222");
    check("0 0 443 a.example", dot, TlsPolicy::Auto, "direct a.example:443");
    check("0 0 443 a.example; 0 0 0 .", dot, TlsPolicy::Auto, "direct a.example:443");
}

#[test]
fn at_most_thirty_two_different_places_come_out() {
    let many = |count: usize, port: u16| -> Answer {
        let record = |index| Record { priority: 1, weight: 7, port, target: format!("h{index}.example") };
        Answer::Records((0..count).map(record).collect())
    };
    let count = |direct, starttls| {
        let found = Found { direct, starttls };
        candidates("heron.example", found, TlsPolicy::Auto, &mut Entropy::new([3; 32])).unwrap().concat().len()
    };
    assert_eq!(count(many(2000, 443), many(2000, 5222)), 32);
    assert_eq!(count(many(20, 443), many(3, 5222)), 23);
    check("1 0 443 a.example; 1 0 443 A.example.", "-", TlsPolicy::Auto, "direct a.example:443");
}

#[test]
fn weights_are_the_chances_of_coming_first() {
    let rounds = 20_000_u32;
    let mut first: HashMap<String, u32> = HashMap::new();
    let mut entropy = Entropy::new([5; 32]);
    for _ in 0..rounds {
        let found = found("1 60 443 a.example; 1 0 443 z.example", "1 30 5222 b.example; 1 10 5222 c.example");
        let order = candidates("heron.example", found, TlsPolicy::Auto, &mut entropy).unwrap().concat();
        assert_eq!(order.len(), 4);
        *first.entry(order[0].host.clone()).or_default() += 1;
    }
    let check = |host: &str, percent: f64| {
        let share = f64::from(first.get(host).copied().unwrap_or(0)) / f64::from(rounds) * 100.0;
        assert!((share - percent).abs() < 1.5, "{host}: {share} %, expected about {percent} %");
    };
    check("a.example", 60.0 / 101.0 * 100.0);
    check("b.example", 30.0 / 101.0 * 100.0);
    check("c.example", 10.0 / 101.0 * 100.0);
    check("z.example", 1.0 / 101.0 * 100.0);
    assert!(first["z.example"] > 0);
}
