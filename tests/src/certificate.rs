//! Certificates for the private servers: one authority a value, and server certificates that are right or flawed in
//! one chosen way.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// The domain that all private servers serve.
pub const DOMAIN: &str = "verona.example";

/// What is the matter with a server's certificate, for [`DOMAIN`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing: signed by the authority, for the domain, in its time.
    #[default]
    None,
    /// Right but for the name: it is `mantua.example`'s.
    WrongName,
    /// Right but for the time: it ended in 2021.
    Expired,
    /// Signed by its own key.
    SelfSigned,
    /// Signed by another authority of the same name.
    UnknownAuthority,
}

/// A certificate with its key, both PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The chain, without the authority.
    pub chain: String,
    /// The private key, PKCS #8.
    pub key: String,
}

/// A private certificate authority with a fresh key.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Makes the key and the self-signed certificate of a new authority.
    #[must_use]
    pub fn new() -> Self {
        let mut parameters = parameters(&[], 2100);
        parameters.distinguished_name.push(DnType::CommonName, "xmppd tests' authority");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(parameters, key()).expect("an authority signs itself");
        Self { issuer }
    }

    /// The authority's own certificate, PEM: what goes into a client's `ca-file`.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server certificate with the given flaw.
    #[must_use]
    pub fn issue(&self, flaw: Flaw) -> Certificate {
        match flaw {
            Flaw::None => self.sign(server(DOMAIN, 2100)),
            Flaw::WrongName => self.sign(server("mantua.example", 2100)),
            Flaw::Expired => self.sign(server(DOMAIN, 2021)),
            Flaw::UnknownAuthority => Self::new().issue(Flaw::None),
            Flaw::SelfSigned => {
                let key = key();
                let certificate = server(DOMAIN, 2100).self_signed(&key).expect("a server signs itself");
                Certificate { chain: certificate.pem(), key: key.serialize_pem() }
            }
        }
    }

    /// A certificate for a web server on this machine, by name and by address.
    #[must_use]
    pub fn issue_for_web(&self) -> Certificate {
        let mut parameters = server("localhost", 2100);
        let address = std::net::IpAddr::from([127, 0, 0, 1]);
        parameters.subject_alt_names.push(rcgen::SanType::IpAddress(address));
        self.sign(parameters)
    }

    fn sign(&self, parameters: CertificateParams) -> Certificate {
        let key = key();
        let certificate = parameters.signed_by(&key, &self.issuer).expect("an authority signs");
        Certificate { chain: certificate.pem(), key: key.serialize_pem() }
    }
}

fn server(name: &str, until: i32) -> CertificateParams {
    let mut parameters = parameters(&[name], until);
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    parameters
}

fn parameters(names: &[&str], until: i32) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).expect("the names are ASCII");
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(until, 1, 1);
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
}

fn key() -> KeyPair {
    KeyPair::generate().expect("the system gives entropy")
}
