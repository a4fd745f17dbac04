//! One connection: a request is read, judged and answered within a time, whatever the other end does.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::answer::{Answer, CONTINUE};
use super::body::Body;
use super::head::{self, Head};
use crate::api::{Api, Door, Posted};

/// How long a whole request may take to come.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the answer may take to go.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How much of what follows is read and dropped, so that the answer is not lost with it (RFC 9112 section 9.6).
const LEFT_OVER: usize = 256 * 1024;
/// How much is read at once.
const PIECE: usize = 4096;

/// The other end has gone.
struct Gone;

/// Serves a connection to its end.
pub(super) async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, door: Arc<Door>, api: Api) {
    let answer = match timeout(PATIENCE, exchange(&mut stream, &door, &api)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(Gone)) => return,
        Err(_) => Answer::TooSlow,
    };
    // What was sent may hold the token, so that it is not in the log.
    tracing::debug!(?answer, "the webhook answered");
    let _ = timeout(LAST_WORDS, part(&mut stream, &answer)).await;
}

async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), door: &Door, api: &Api) -> Result<Answer, Gone> {
    let mut bytes = Vec::new();
    let head = loop {
        if !read(stream, &mut bytes).await? {
            return Err(Gone);
        }
        match head::judge(&bytes, door) {
            Ok(Some(head)) => break head,
            Ok(None) => {}
            Err(answer) => return Ok(answer),
        }
    };
    let Head { length, waits, framing, form } = head;
    let mut body = Body::new(framing);
    let mut piece = bytes.split_off(length);
    if waits && piece.is_empty() {
        stream.write_all(CONTINUE).await.map_err(|_| Gone)?;
    }
    let body = loop {
        match body.take(&piece) {
            Ok(Some(body)) => break body,
            Ok(None) => {}
            Err(answer) => return Ok(answer),
        }
        piece.clear();
        if !read(stream, &mut piece).await? {
            return Err(Gone);
        }
    };
    Ok(match api.post(Posted { form, body, patience: door.patience }).await {
        Ok(()) => Answer::Taken,
        Err(failure) if failure.kind == xmppd_proto::Kind::Usage => Answer::Bad(failure.message),
        Err(_) => Answer::Ending,
    })
}

/// Reads on; whether there was anything.
async fn read(stream: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> Result<bool, Gone> {
    into.reserve(PIECE);
    let count = stream.read_buf(into).await.map_err(|_| Gone)?;
    Ok(count > 0)
}

async fn part(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), answer: &Answer) -> std::io::Result<()> {
    stream.write_all(&answer.bytes()).await?;
    stream.shutdown().await?;
    let mut dropped = 0;
    let mut piece = Vec::with_capacity(PIECE);
    while dropped < LEFT_OVER {
        piece.clear();
        match stream.read_buf(&mut piece).await? {
            0 => break,
            count => dropped += count,
        }
    }
    Ok(())
}
