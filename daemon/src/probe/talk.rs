//! The little of a stream that a look needs: a header out, the features in, STARTTLS. No name and no secret is sent.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use xmppd_core::stream::error::StreamError;
use xmppd_core::stream::features::Features;
use xmppd_core::stream::header::{Header, Opening};
use xmppd_core::xml::{Element, Frame, Limits, Reader, ns, writer};
use xmppd_proto::reply::{ProbeFeatures, ProbeLimits, ProbeSasl2};

/// How much is read at once.
const BUFFER: usize = 4096;
/// How many features are listed at most, and how many of anything inside them.
const LISTED: usize = 64;

/// One stream on one connection.
pub(super) struct Talk<S> {
    stream: S,
    reader: Reader,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    /// Nothing is said yet.
    pub(super) fn new(stream: S) -> Self {
        Self { stream, reader: Reader::new(Limits::BEFORE_LOGIN), buffer: Vec::new() }
    }

    /// Opens the stream and reads what the server offers; whether STARTTLS is among it.
    ///
    /// # Errors
    /// What came instead, in words for people.
    pub(super) async fn open(&mut self, to: &str, from: Option<&str>) -> Result<(ProbeFeatures, bool), String> {
        self.write(&Opening { to, from, lang: "en" }.to_text()).await?;
        match self.frame().await? {
            Frame::Open(root) if Header::parse(&root).is_some_and(|header| header.has_features) => {}
            Frame::Open(_) => return Err("the server speaks no XMPP 1.0".to_owned()),
            Frame::Element(_) | Frame::Close => return Err("the server opens no stream".to_owned()),
        }
        let element = self.element().await?;
        let features = Features::parse(&element)
            .ok_or_else(|| format!("the server sent {} instead of features", element.name()))?;
        let starttls = features.starttls;
        Ok((told(&element, features), starttls))
    }

    /// Asks for TLS and gives the connection back once the server is ready for the handshake.
    ///
    /// # Errors
    /// What came instead, in words for people.
    pub(super) async fn start_tls(mut self) -> Result<S, String> {
        self.write(&writer::to_string(&Element::new("starttls", ns::TLS))).await?;
        let answer = self.element().await?;
        if !answer.is("proceed", ns::TLS) {
            return Err("the server refused STARTTLS".to_owned());
        }
        if self.buffer.is_empty() { Ok(self.stream) } else { Err("the server went on in clear text".to_owned()) }
    }

    /// Ends the stream, without waiting for the server's end.
    pub(super) async fn close(mut self) {
        // The look is over, whether the server hears of it or not.
        let _ = self.write(writer::CLOSE).await;
        let _ = self.stream.shutdown().await;
    }

    async fn write(&mut self, text: &str) -> Result<(), String> {
        let written = async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        };
        written.await.map_err(|error| format!("the connection broke: {error}"))
    }

    async fn element(&mut self) -> Result<Element, String> {
        let element = match self.frame().await? {
            Frame::Element(element) => element,
            Frame::Open(_) | Frame::Close => return Err("the server ended the stream".to_owned()),
        };
        match StreamError::parse(&element) {
            None => Ok(element),
            Some(error) => {
                let text = error.text.map(|text| format!(" ({text})")).unwrap_or_default();
                Err(format!("the server ended the stream: {}{text}", error.condition.name()))
            }
        }
    }

    async fn frame(&mut self) -> Result<Frame, String> {
        loop {
            let mut bytes = self.buffer.as_slice();
            let frame =
                self.reader.feed(&mut bytes).map_err(|fault| format!("what the server sends is no XMPP: {fault}"))?;
            let taken = self.buffer.len() - bytes.len();
            self.buffer.drain(..taken);
            if let Some(frame) = frame {
                return Ok(frame);
            }
            let mut room = [0; BUFFER];
            match self.stream.read(&mut room).await {
                Ok(0) => return Err("the server hung up".to_owned()),
                Ok(count) => self.buffer.extend_from_slice(room.get(..count).unwrap_or_default()),
                Err(error) => return Err(format!("the connection broke: {error}")),
            }
        }
    }
}

fn told(element: &Element, features: Features) -> ProbeFeatures {
    let Features { mechanisms, channel_bindings, authentication, limits, .. } = features;
    let children = element.children().take(LISTED);
    let limits = ProbeLimits {
        max_bytes: limits.max_bytes,
        idle_ms: limits.idle.map(|idle| u64::try_from(idle.as_millis()).unwrap_or(u64::MAX)),
    };
    ProbeFeatures {
        features: children.map(|child| format!("{} {}", child.name(), child.namespace())).collect(),
        mechanisms: few(mechanisms),
        channel_bindings: channel_bindings.map(few),
        sasl2: authentication.map(|offer| {
            let early_data = offer.fast.as_ref().is_some_and(|fast| fast.early_data);
            ProbeSasl2 {
                mechanisms: few(offer.mechanisms),
                resume: offer.management,
                bind: offer.bind.map(few),
                fast: offer.fast.map(|fast| few(fast.mechanisms)),
                early_data,
                upgrades: few(offer.upgrades),
            }
        }),
        limits: (limits != ProbeLimits::default()).then_some(limits),
    }
}

fn few(mut texts: Vec<String>) -> Vec<String> {
    texts.truncate(LISTED);
    texts
}
