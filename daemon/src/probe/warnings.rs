//! What of a look a person would want mended. Pure: facts in, words out.

use xmppd_core::time::Wall;
use xmppd_proto::reply::{Certificate, ProbeEndpoint, ProbeFeatures, ProbeService, ProbeWarning, ServiceAnswer};

/// A certificate that ends sooner is worth a word; most are renewed a month before.
const DAYS: i64 = 21;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// All that is worth a word, about the domain first, then about each place.
pub(super) fn warnings(services: &[ProbeService], endpoints: &[ProbeEndpoint], now: Wall) -> Vec<ProbeWarning> {
    let mut warnings: Vec<ProbeWarning> = records(services)
        .into_iter()
        .map(|(warning, message)| ProbeWarning { warning: warning.to_owned(), endpoint: None, message })
        .collect();
    for endpoint in endpoints {
        let ProbeEndpoint { host, port, .. } = endpoint;
        let place = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        warnings.extend(of(endpoint, now).into_iter().map(|(warning, message)| ProbeWarning {
            warning: warning.to_owned(),
            endpoint: Some(place.clone()),
            message,
        }));
    }
    warnings
}

type Found = (&'static str, String);

fn records(services: &[ProbeService]) -> Vec<Found> {
    let [direct, starttls] = services else { return Vec::new() };
    let mut found = Vec::new();
    for service in services.iter().filter(|service| service.answer == ServiceAnswer::Failed) {
        found.push(("dns-failed", format!("the DNS did not answer about {}", service.service)));
    }
    match (direct.answer, starttls.answer) {
        (ServiceAnswer::None, ServiceAnswer::None) => {
            found.push(("no-records", "there are no SRV records; the domain itself is dialled".to_owned()));
        }
        (ServiceAnswer::None, ServiceAnswer::Records) => {
            found.push(("no-direct-record", "there is no SRV record for direct TLS".to_owned()));
        }
        (ServiceAnswer::Records, ServiceAnswer::None) => {
            found.push(("no-starttls-record", "there is no SRV record for STARTTLS; older clients need it".to_owned()));
        }
        (ServiceAnswer::Records, ServiceAnswer::Records) | (ServiceAnswer::Failed, _) | (_, ServiceAnswer::Failed) => {}
    }
    found
}

fn of(endpoint: &ProbeEndpoint, now: Wall) -> Vec<Found> {
    let mut found = Vec::new();
    if let Some(error) = &endpoint.error {
        found.push(("no-address", format!("no address: {error}")));
    }
    let is_problem = |error: &str| {
        endpoint.certificate.as_ref().is_some_and(|certificate| certificate.problem.as_deref() == Some(error))
    };
    for address in &endpoint.addresses {
        if let Some(error) = address.error.as_deref().filter(|error| !is_problem(error)) {
            found.push(("address-failed", format!("{}: {error}", address.address)));
        }
    }
    if let Some(certificate) = &endpoint.certificate {
        found.extend(certificate_warning(certificate, now));
    }
    if endpoint.tls.as_ref().is_some_and(|tls| tls.version != "1.3") {
        found.push(("old-tls", "TLS 1.3 is not spoken".to_owned()));
    }
    if endpoint.before_tls.as_ref().is_some_and(offers_login) {
        found.push(("login-before-tls", "logins are offered before TLS".to_owned()));
    }
    if let Some(features) = &endpoint.after_tls {
        found.extend(mechanism_warning(features));
    }
    found
}

fn certificate_warning(certificate: &Certificate, now: Wall) -> Option<Found> {
    if let Some(problem) = &certificate.problem {
        return Some(("certificate", problem.clone()));
    }
    let left = certificate.not_after.as_millisecond().saturating_sub(now.as_unix_millis());
    match left / DAY_MILLIS {
        0 => Some(("certificate-expires", "certificate expires within a day".to_owned())),
        1 => Some(("certificate-expires", "certificate expires in 1 day".to_owned())),
        days @ ..DAYS => Some(("certificate-expires", format!("certificate expires in {days} days"))),
        _ => None,
    }
}

fn offers_login(features: &ProbeFeatures) -> bool {
    !features.mechanisms.is_empty() || features.sasl2.as_ref().is_some_and(|sasl2| !sasl2.mechanisms.is_empty())
}

fn mechanism_warning(features: &ProbeFeatures) -> Option<Found> {
    let second = features.sasl2.iter().flat_map(|sasl2| &sasl2.mechanisms);
    let offered: Vec<&str> = features.mechanisms.iter().chain(second).map(String::as_str).collect();
    let has = |wanted: fn(&str) -> bool| offered.iter().any(|mechanism| wanted(mechanism));
    if offered.is_empty() {
        Some(("no-login", "no login is offered".to_owned()))
    } else if offered.iter().all(|mechanism| *mechanism == "PLAIN") {
        Some(("only-plain", "only PLAIN is offered: the server sees the password".to_owned()))
    } else if !has(|mechanism| mechanism.starts_with("SCRAM-")) {
        Some(("no-scram", "no SCRAM is offered".to_owned()))
    } else if !has(|mechanism| mechanism.ends_with("-PLUS")) {
        Some(("no-channel-binding", "no login is bound to its channel (no SCRAM-…-PLUS)".to_owned()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use xmppd_proto::Timestamp;
    use xmppd_proto::reply::{ProbeSasl2, TlsStart};

    use super::*;

    fn service(answer: ServiceAnswer) -> ProbeService {
        ProbeService { service: "_x._tcp".to_owned(), answer, records: Vec::new() }
    }

    fn check_records(direct: ServiceAnswer, starttls: ServiceAnswer, expected: &[&str]) {
        let found: Vec<_> = records(&[service(direct), service(starttls)]).into_iter().map(|(word, _)| word).collect();
        assert_eq!(found, expected, "{direct:?} {starttls:?}");
    }

    #[test]
    fn records_that_are_missing_are_told() {
        use ServiceAnswer::{Failed, None, Records};
        check_records(Records, Records, &[]);
        check_records(None, Records, &["no-direct-record"]);
        check_records(Records, None, &["no-starttls-record"]);
        check_records(None, None, &["no-records"]);
        check_records(Failed, Records, &["dns-failed"]);
        assert!(records(&[]).is_empty());
    }

    fn check_mechanisms(first: &[&str], second: Option<&[&str]>, expected: Option<&str>) {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let sasl2 = second.map(|list| ProbeSasl2 { mechanisms: texts(list), ..ProbeSasl2::default() });
        let features = ProbeFeatures { mechanisms: texts(first), sasl2, ..ProbeFeatures::default() };
        assert_eq!(mechanism_warning(&features).map(|(word, _)| word), expected, "{first:?} {second:?}");
    }

    #[test]
    fn weak_logins_are_told() {
        check_mechanisms(&[], None, Some("no-login"));
        check_mechanisms(&["PLAIN"], Some(&["PLAIN"]), Some("only-plain"));
        check_mechanisms(&["PLAIN", "X-OAUTH2"], None, Some("no-scram"));
        check_mechanisms(&["PLAIN", "SCRAM-SHA-1"], None, Some("no-channel-binding"));
        check_mechanisms(&["PLAIN"], Some(&["SCRAM-SHA-256-PLUS"]), None);
    }

    fn check_days(until: &str, expected: Option<&str>) {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let certificate = Certificate {
            subject: String::new(),
            issuer: String::new(),
            names: Vec::new(),
            not_before: Timestamp::UNIX_EPOCH,
            not_after: until.parse().unwrap(),
            key: None,
            verified: true,
            problem: None,
        };
        let found = certificate_warning(&certificate, Wall::from_unix_millis(now.as_millisecond()));
        assert_eq!(found.map(|(_, message)| message).as_deref(), expected, "{until}");
    }

    #[test]
    fn a_certificate_that_ends_soon_is_told() {
        check_days("2026-12-01T13:00:00Z", Some("certificate expires in 9 days"));
        check_days("2026-11-23T13:00:00Z", Some("certificate expires in 1 day"));
        check_days("2026-11-22T13:00:00Z", Some("certificate expires within a day"));
        check_days("2027-02-01T00:00:00Z", None);
    }

    #[test]
    fn an_address_that_failed_and_a_login_before_tls_are_told() {
        let endpoint = ProbeEndpoint {
            host: "2001:db8::1".to_owned(),
            port: 5222,
            tls_start: TlsStart::StartTls,
            error: None,
            addresses: vec![xmppd_proto::reply::ProbeAddress {
                error: Some("no answer".to_owned()),
                ..xmppd_proto::reply::ProbeAddress::default()
            }],
            before_tls: Some(ProbeFeatures { mechanisms: vec!["PLAIN".to_owned()], ..ProbeFeatures::default() }),
            tls: None,
            certificate: None,
            after_tls: None,
        };
        let found = warnings(&[], &[endpoint], Wall::default());
        let words: Vec<&str> = found.iter().map(|warning| warning.warning.as_str()).collect();
        assert_eq!(words, ["address-failed", "login-before-tls"]);
        assert_eq!(found[0].endpoint.as_deref(), Some("[2001:db8::1]:5222"));
    }
}
