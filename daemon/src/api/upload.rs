//! `upload`: a place for a file at an account's server (XEP-0363), and the file's way there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jid::Jid;
use tokio::sync::oneshot;
use tokio::time::timeout;
use xmppd_core::account::{Command, Outcome, Question};
use xmppd_core::entropy::Entropy;
use xmppd_core::stanza::StanzaError;
use xmppd_core::stanza::disco::Info;
use xmppd_core::stanza::upload::{self, Slot};
use xmppd_core::upload::{File, Place};
use xmppd_core::xml::Element;
use xmppd_proto::reply::{Done, UploadDone, UploadProgress, UploadStarted};
use xmppd_proto::request::{UploadCancel, UploadFinish, UploadStart, UploadWrite};
use xmppd_proto::{Failure, Kind};

use super::account::unavailable;
use super::desk::{Desk, WAIT, failed};
use super::message::address;
use crate::account::Handle;
use crate::host;
use crate::hub::timestamp;
use crate::transport::tls::Tls;
use crate::upload::{PutError, UploadError};

impl Desk {
    /// Finds a place for a file and opens the way there.
    pub(super) async fn upload_start(&self, params: UploadStart) -> Result<UploadStarted, Failure> {
        if let Some(to) = &params.to {
            self.may_be_read(&address(to)?).await?;
        }
        if params.size == 0 {
            return Err(Failure::usage("the file is empty"));
        }
        let file = File::new(&params.name, params.size);
        let (account, handle) = self.one(params.account).await?;
        let slot = self.slot(&account, &handle, &file).await?;
        let place = Place::new(&slot, &file).map_err(|error| Failure::new(Kind::Refused, error.to_string()))?;
        let tls = self.trust(account.clone()).await?;
        let upload = Entropy::new(host::seed().map_err(|error| unexpected(&error))?).id();
        self.uploads.begin(upload.clone(), file.size, place, tls).await.map_err(|error| not_put(&error))?;
        Ok(UploadStarted { account, upload })
    }

    /// Sends the next piece.
    pub(super) async fn upload_write(&self, params: UploadWrite) -> Result<UploadProgress, Failure> {
        let bytes = STANDARD.decode(params.data).map_err(|error| Failure::usage(format!("not base64: {error}")))?;
        let (sent, size) = self.uploads.write(params.upload, bytes).await.map_err(|error| not_put(&error))?;
        Ok(UploadProgress { sent, size })
    }

    /// Ends an upload.
    pub(super) async fn upload_finish(&self, params: UploadFinish) -> Result<UploadDone, Failure> {
        let url = self.uploads.finish(params.upload).await.map_err(|error| not_put(&error))?;
        Ok(UploadDone { url })
    }

    /// Gives an upload up.
    pub(super) async fn upload_cancel(&self, params: UploadCancel) -> Result<Done, Failure> {
        self.uploads.cancel(params.upload).await.map_err(|error| not_put(&error))?;
        Ok(Done {})
    }

    /// A place for the file, from the first service of the server that has places for files of its size.
    async fn slot(&self, account: &str, handle: &Handle, file: &File) -> Result<Slot, Failure> {
        if let Some(until) = self.uploads.postponed(account.to_owned()).await {
            let failure = Failure::new(Kind::Refused, "the server takes no file for now");
            return Err(failure.with_condition("resource-constraint").with_hint(later(until)));
        }
        let (service, limit) = self.service(account, handle).await?;
        if let Some(limit) = limit.filter(|limit| *limit < file.size) {
            let message = format!("the server takes files up to {limit} bytes, and this has {}", file.size);
            return Err(Failure::new(Kind::Refused, message).with_condition("not-acceptable"));
        }
        let question = upload::request(&file.name, file.size, file.media_type);
        let outcome = answer(ask(handle, service, question)?).await;
        if let Outcome::Refused(error) = outcome {
            return Err(self.refused(account, error).await);
        }
        let Outcome::Answer(slot) = outcome else { return Err(failed(account, outcome)) };
        slot.as_ref().and_then(Slot::parse).ok_or_else(no_slot)
    }

    /// The service that has places for files, and up to which size.
    async fn service(&self, account: &str, handle: &Handle) -> Result<(Jid, Option<u64>), Failure> {
        let server = self.server_of(account).await?;
        let own = ask(handle, server.clone(), Info::request(None))?;
        let outcome = answer(ask(handle, server.clone(), upload::services_request())?).await;
        if let Outcome::NotOnline(_) = outcome {
            return Err(failed(account, outcome));
        }
        // Who does not say what it has may still be the one.
        let services = if let Outcome::Answer(Some(list)) = outcome { upload::services(&list) } else { Vec::new() };
        let mut asked = vec![(server, own)];
        for service in services {
            let question = ask(handle, service.clone(), Info::request(None))?;
            asked.push((service, question));
        }
        for (service, question) in asked {
            if let Outcome::Answer(Some(info)) = answer(question).await
                && let Some(limit) = upload::offer(&info)
            {
                return Ok((service, limit));
            }
        }
        Err(Failure::new(Kind::Unsupported, format!("the server of {account} has no place for files (XEP-0363)")))
    }

    /// The service's refusal; what it says of later is kept to.
    async fn refused(&self, account: &str, error: StanzaError) -> Failure {
        let retry = error.retry;
        let failure = failed(account, Outcome::Refused(error));
        match retry {
            Some(until) => {
                self.uploads.postpone(account.to_owned(), until).await;
                failure.with_hint(later(until))
            }
            None => failure,
        }
    }

    /// How the account secures its connections: the place's certificate is checked by the same anchors.
    async fn trust(&self, account: String) -> Result<Tls, Failure> {
        let find = move |config: &crate::config::Config| {
            config.accounts.iter().find(|found| found.name == account).and_then(|found| found.ca_file.clone())
        };
        let ca_file = self.hub.read(move |_, config| find(config)).await?;
        // Reading the system's anchors takes a while.
        let read = tokio::task::spawn_blocking(move || Tls::new(ca_file.as_deref())).await;
        read.map_err(|error| unexpected(&error))?.map_err(|error| unexpected(&error))
    }
}

fn ask(handle: &Handle, to: Jid, payload: Element) -> Result<oneshot::Receiver<Outcome>, Failure> {
    let question = Question { to: Some(to), set: false, payload };
    handle.ask(|ticket| Command::Ask(ticket, question)).map_err(unavailable)
}

async fn answer(question: oneshot::Receiver<Outcome>) -> Outcome {
    timeout(WAIT, question).await.map_or(Outcome::TimedOut, |outcome| outcome.unwrap_or(Outcome::NotOnline(None)))
}

fn not_put(error: &UploadError) -> Failure {
    let kind = match error {
        UploadError::Unknown => Kind::NotFound,
        UploadError::TooMany => Kind::Conflict,
        UploadError::Size { .. } => Kind::Usage,
        UploadError::Put(PutError::Stalled) => Kind::TimedOut,
        UploadError::Put(PutError::Refused(_) | PutError::Untrusted { .. }) => Kind::Refused,
        UploadError::Put(PutError::Unreachable { .. } | PutError::Broken(_)) => Kind::Unexpected,
    };
    let failure = Failure::new(kind, error.to_string());
    match error {
        UploadError::Put(PutError::Untrusted { .. }) => {
            failure.with_hint("`ca-file` of the account names further trust anchors")
        }
        UploadError::Unknown
        | UploadError::TooMany
        | UploadError::Size { .. }
        | UploadError::Put(
            PutError::Stalled | PutError::Refused(_) | PutError::Unreachable { .. } | PutError::Broken(_),
        ) => failure,
    }
}

fn later(until: xmppd_core::time::Wall) -> String {
    format!("the server asks to try again after {}", timestamp(until))
}

fn no_slot() -> Failure {
    Failure::new(Kind::Refused, "the server named no place for the file")
}

fn unexpected(error: &dyn std::error::Error) -> Failure {
    Failure::new(Kind::Unexpected, error.to_string())
}
