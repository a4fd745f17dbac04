//! `probe`: a domain's servers as a login would find them, on one sheet.

use std::path::PathBuf;

use clap::ValueEnum;
use xmppd_proto::reply::{
    Certificate, ProbeAddress, ProbeEndpoint, ProbeFeatures, ProbeReport, ProbeSasl2, ProbeService, ProbeWarning,
    ServiceAnswer, TlsStart,
};
use xmppd_proto::{Failure, Timestamp, duration, request};

use crate::report::Stop;
use crate::screen::{Paint, Screen};
use crate::session::{Answer, Session};
use crate::text;

/// How wide the names of values are.
const LABEL: usize = 13;
/// What namespaces begin with that is of no use to a person.
const PREFIXES: [&str; 2] = ["urn:xmpp:", "urn:ietf:params:xml:ns:"];

/// Look at a domain's servers without an account: DNS, addresses, TLS, certificate, what is offered
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The domain, as behind the @ of an address
    domain: String,
    /// Look at this server instead of asking the DNS
    #[arg(long, value_name = "HOST:PORT")]
    server: Option<String>,
    /// How TLS starts
    #[arg(long, value_enum, default_value_t = Tls::Auto, hide_default_value = true)]
    tls: Tls,
    /// Trust the authorities of this file (PEM) as well
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tls {
    /// As the DNS says, or by the port of --server
    Auto,
    /// With the first byte
    Direct,
    /// In the stream
    Starttls,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let tls = match args.tls {
        Tls::Auto => None,
        Tls::Direct => Some(TlsStart::Direct),
        Tls::Starttls => Some(TlsStart::StartTls),
    };
    // The daemon's folder is another.
    let ca_file = args.ca_file.map(|path| {
        let path = std::path::absolute(&path).unwrap_or(path);
        path.into_os_string().into_string().map_err(|_| Failure::usage("the name of --ca-file is no UTF-8"))
    });
    let call = request::Probe { domain: args.domain, server: args.server, tls, ca_file: ca_file.transpose()? };
    session.run_with(&call, session.patience(Some("looking …")), Answer::Data, sheet)
}

fn sheet(report: &ProbeReport, screen: &Screen) -> String {
    let mut sheet = Sheet { text: String::new(), screen };
    sheet.title(&report.domain, &format!("looked at in {} ms", report.took_ms));
    for service in &report.services {
        sheet.service(service);
    }
    for endpoint in &report.endpoints {
        sheet.endpoint(endpoint);
    }
    sheet.warnings(&report.warnings);
    sheet.text
}

/// Lines of a name and a value.
struct Sheet<'a> {
    text: String,
    screen: &'a Screen,
}

impl Sheet<'_> {
    fn title(&mut self, name: &str, note: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let (name, note) = (self.screen.paint(Paint::Strong, &text::line(name)), self.screen.paint(Paint::Faint, note));
        self.text.push_str(&format!("{name}  {note}\n"));
    }

    /// A value; nothing is written for none.
    fn row(&mut self, label: &str, value: &str) {
        self.painted(label, Paint::Plain, value);
    }

    fn painted(&mut self, label: &str, paint: Paint, value: &str) {
        if !value.is_empty() {
            let label = self.screen.paint(Paint::Faint, &format!("{label:<LABEL$}"));
            self.text.push_str(&format!("  {label}{}\n", self.screen.paint(paint, &text::line(value))));
        }
    }

    fn service(&mut self, service: &ProbeService) {
        let name = if service.service.starts_with("_xmpps-") { "direct" } else { "starttls" };
        let label = format!("SRV {name}");
        match service.answer {
            ServiceAnswer::None => self.painted(&label, Paint::Faint, "none"),
            ServiceAnswer::Failed => self.painted(&label, Paint::Careful, "no answer"),
            ServiceAnswer::Records => {
                for (index, record) in service.records.iter().enumerate() {
                    let place = match record.target.as_str() {
                        "." => "not offered".to_owned(),
                        target => format!("{}:{}", target.trim_end_matches('.'), record.port),
                    };
                    let rank = format!("priority {}, weight {}", record.priority, record.weight);
                    self.row(if index == 0 { &label } else { "" }, &format!("{place}  {rank}"));
                }
            }
        }
    }

    fn endpoint(&mut self, endpoint: &ProbeEndpoint) {
        let start = match endpoint.tls_start {
            TlsStart::Direct => "direct TLS",
            TlsStart::StartTls => "STARTTLS",
        };
        self.title(&format!("{}:{}", endpoint.host, endpoint.port), start);
        self.painted("address", Paint::Bad, endpoint.error.as_deref().unwrap_or_default());
        let width = endpoint.addresses.iter().map(|address| address.address.len()).max().unwrap_or(0);
        for (index, address) in endpoint.addresses.iter().enumerate() {
            self.address(if index == 0 { "address" } else { "" }, address, width);
        }
        if let Some(tls) = &endpoint.tls {
            let alpn = tls.alpn.as_deref().map(|alpn| format!("ALPN {alpn}"));
            let version = format!("TLS {}", tls.version);
            let parts = [Some(version.as_str()), Some(&tls.cipher), tls.group.as_deref(), alpn.as_deref()];
            self.row("tls", &parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
        }
        if let Some(certificate) = &endpoint.certificate {
            self.certificate(certificate);
        }
        if let Some(features) = &endpoint.before_tls {
            self.row("before TLS", &names(&features.features));
        }
        if let Some(features) = &endpoint.after_tls {
            self.features(features);
        }
    }

    fn address(&mut self, label: &str, address: &ProbeAddress, width: usize) {
        let steps = [("tcp", address.tcp_ms), ("tls", address.tls_ms), ("stream", address.stream_ms)];
        let times = steps.into_iter().filter_map(|(step, time)| Some(format!("{step} {} ms", time?)));
        let mut value: Vec<String> = times.collect();
        value.extend(address.error.clone());
        let value = format!("{:<width$}  {}", address.address, value.join(", "));
        self.painted(label, if address.error.is_some() { Paint::Bad } else { Paint::Plain }, &value);
    }

    fn certificate(&mut self, certificate: &Certificate) {
        match &certificate.problem {
            None => self.painted("certificate", Paint::Good, "verifies"),
            Some(problem) => self.painted("certificate", Paint::Bad, problem),
        }
        self.row("  subject", &certificate.subject);
        self.row("  issuer", &certificate.issuer);
        self.row("  names", &certificate.names.join(", "));
        let (from, until) = (day(certificate.not_before), day(certificate.not_after));
        self.row("  valid", &format!("{from} to {until}{}", left(certificate.not_after, self.screen.now)));
        self.row("  key", certificate.key.as_deref().unwrap_or_default());
    }

    fn features(&mut self, features: &ProbeFeatures) {
        self.row("sasl", &features.mechanisms.join(" "));
        match &features.channel_bindings {
            Some(bindings) => self.row("bindings", &bindings.join(" ")),
            None => self.painted("bindings", Paint::Faint, "the server does not say"),
        }
        if let Some(sasl2) = &features.sasl2 {
            self.second_profile(sasl2);
        }
        if let Some(limits) = &features.limits {
            let size = limits.max_bytes.map(|bytes| format!("{bytes} bytes an element"));
            let idle = limits
                .idle_ms
                .map(|millis| format!("{} of silence", duration::format(std::time::Duration::from_millis(millis))));
            self.row("limits", &size.into_iter().chain(idle).collect::<Vec<_>>().join(", "));
        }
        self.row("features", &names(&features.features));
    }

    fn second_profile(&mut self, sasl2: &ProbeSasl2) {
        self.row("sasl2", &sasl2.mechanisms.join(" "));
        self.row("  inline", if sasl2.resume { "resume" } else { "" });
        if let Some(bind) = &sasl2.bind {
            let namespaces: Vec<&str> = bind.iter().map(|namespace| short(namespace)).collect();
            self.row("  bind", if namespaces.is_empty() { "yes" } else { "" });
            self.row("  bind", &namespaces.join(" "));
        }
        if let Some(fast) = &sasl2.fast {
            let early_data = if sasl2.early_data { " (in TLS early data)" } else { "" };
            self.row("  tokens", &format!("{}{early_data}", fast.join(" ")));
        }
        self.row("  upgrades", &sasl2.upgrades.join(" "));
    }

    fn warnings(&mut self, warnings: &[ProbeWarning]) {
        if !warnings.is_empty() {
            self.text.push('\n');
        }
        for warning in warnings {
            let place = warning.endpoint.as_deref().map(|place| format!("{place}: ")).unwrap_or_default();
            let line = format!("! {place}{}", warning.message);
            self.text.push_str(&format!("{}\n", self.screen.paint(Paint::Careful, &text::line(&line))));
        }
    }
}

/// The names of features, without their namespaces.
fn names(features: &[String]) -> String {
    let name = |feature: &String| feature.split(' ').next().unwrap_or_default().to_owned();
    features.iter().map(name).collect::<Vec<_>>().join(" ")
}

fn short(namespace: &str) -> &str {
    PREFIXES.iter().find_map(|prefix| namespace.strip_prefix(prefix)).unwrap_or(namespace)
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn left(until: Timestamp, now: Timestamp) -> String {
    match until.as_second().saturating_sub(now.as_second()) / 86_400 {
        days @ 2.. => format!(", {days} days left"),
        days if until > now => format!(", {} left", if days == 1 { "1 day" } else { "less than a day" }),
        _ => ", over".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = include_str!("../../../proto/tests/golden/reply/probe.json");

    #[test]
    fn a_look_is_one_aligned_sheet() {
        let report: ProbeReport = serde_json::from_str(GOLDEN).unwrap();
        let screen = Screen { width: None, color: false, now: "2026-11-22T12:00:00Z".parse().unwrap() };
        let expected = "\
verona.example  looked at in 120 ms
  SRV direct   chat.verona.example:5223  priority 5, weight 10
  SRV starttls none

chat.verona.example:5223  direct TLS
  address      192.0.2.1    tcp 20 ms, tls 41 ms, stream 22 ms
               2001:db8::1  no answer
  tls          TLS 1.3, TLS_AES_256_GCM_SHA384, X25519, ALPN xmpp-client
  certificate  verifies
    subject    CN=verona.example
    issuer     CN=An authority
    names      verona.example, chat.verona.example
    valid      2026-09-01 to 2026-12-01, 8 days left
    key        EC P-256
  sasl         SCRAM-SHA-1 PLAIN
  bindings     tls-exporter
  sasl2        SCRAM-SHA-1 PLAIN
    inline     resume
    bind       carbons:2 sm:3
    tokens     HT-SHA-256-EXPR (in TLS early data)
    upgrades   UPGR-SCRAM-SHA-256
  limits       262144 bytes an element, 10m of silence
  features     mechanisms authentication

old.verona.example:5222  STARTTLS
  address      no such host
  certificate  certificate expired on 2021-01-01
    subject    CN=mantua.example
    issuer     CN=mantua.example
    valid      2020-01-01 to 2021-01-01, over

! chat.verona.example:5223: the certificate expires in 9 days
";
        assert_eq!(sheet(&report, &screen), expected);
    }
}
