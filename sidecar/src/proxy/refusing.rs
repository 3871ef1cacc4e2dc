//! Saying no to one transaction of a client that may stay: what it has asked is read to its end and
//! answered by an error, as if the server had said so.

use super::flow::Flow;
use super::stream::ClientStream;
use super::trouble::{Trouble, Violation};
use crate::admission::Refusal;
use crate::wire::frame::{self, Frame};
use std::future::poll_fn;

/// Reads away what the client asks, up to where it waits for an answer, and gives the answer.
pub async fn refuse(
    stream: &mut ClientStream,
    up: &mut Flow,
    refusal: &Refusal,
) -> Result<(), Trouble> {
    let mut rest = 0;
    loop {
        let n = rest.min(up.unread().len());
        up.skip(n);
        rest -= n;
        let next = if rest > 0 { None } else { Frame::read(up.unread())? };
        match next {
            None => read(stream, up).await?,
            Some(Frame { tag: b'X', .. }) => return Err(Trouble::ClientGone),
            Some(Frame { tag: tag @ (b'Q' | b'F' | b'S'), len }) => {
                drop_message(stream, up, len).await?;
                let refusal = refusal.clone();
                tracing::debug!(code = refusal.code, %tag, "a transaction was refused");
                return say(stream, &refusal, "ERROR", true).await;
            }
            Some(Frame {
                tag: b'P' | b'B' | b'D' | b'C' | b'E' | b'H' | b'd' | b'c' | b'f',
                len,
            }) => {
                rest = len;
            }
            Some(Frame { tag, .. }) => return Err(Violation::Unknown(tag).into()),
        }
    }
}

async fn drop_message(
    stream: &mut ClientStream,
    up: &mut Flow,
    mut len: usize,
) -> Result<(), Trouble> {
    loop {
        let n = len.min(up.unread().len());
        up.skip(n);
        len -= n;
        if len == 0 {
            return Ok(());
        }
        read(stream, up).await?;
    }
}

async fn read(stream: &mut ClientStream, up: &mut Flow) -> Result<(), Trouble> {
    match poll_fn(|cx| up.poll_read(cx, stream)).await {
        Ok(0) | Err(_) => Err(Trouble::ClientGone),
        Ok(_) => Ok(()),
    }
}

/// Writes an error, and whether the client may go on.
pub async fn say(
    stream: &mut ClientStream,
    refusal: &Refusal,
    severity: &str,
    goes_on: bool,
) -> Result<(), Trouble> {
    let mut out = Flow::default();
    out.compose(|out| {
        error(refusal, severity, out);
        if goes_on {
            out.extend_from_slice(b"Z\0\0\0\x05I");
        }
    });
    poll_fn(|cx| out.poll_write(cx, stream)).await.map_err(|_| Trouble::ClientGone)
}

/// ErrorResponse.
pub fn error(refusal: &Refusal, severity: &str, out: &mut Vec<u8>) {
    let fields = [
        (b'S', Some(severity)),
        (b'V', Some(severity)),
        (b'C', Some(refusal.code)),
        (b'M', Some(refusal.message.as_str())),
        (b'D', refusal.detail.as_deref()),
        (b'H', refusal.hint.as_deref()),
    ];
    frame::write(b'E', out, |out| {
        for (field, value) in fields {
            let Some(value) = value else { continue };
            out.push(field);
            out.extend(value.bytes().filter(|byte| *byte != 0));
            out.push(0);
        }
        out.push(0);
    });
}
