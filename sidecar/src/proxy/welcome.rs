//! What a client hears between AuthenticationOk and its first query. Its settings are applied inside
//! the tenant for the first time, so that what is wrong with one is said now, and what the server says
//! of them is what the client hears.

use super::client::{Client, refusal_for};
use super::stream::ClientStream;
use crate::admission::Refusal;
use crate::pool::{Error, Loan};
use crate::wire::Parameter;
use crate::wire::frame;
use tokio::io::AsyncWriteExt;

/// Lets the client ask queries.
pub async fn welcome(mut client: Client, stream: &mut ClientStream) -> Result<Client, Refusal> {
    let mut loan = enter(&mut client).await?;
    let mut out = Vec::with_capacity(512);
    let reported = loan.link().map_err(|error| refusal_for(&error))?.reported.clone();
    reported.iter().for_each(|parameter| report(parameter, &client.place.login, &mut out));
    loan.give_back();
    let handle = client.registration().handle();
    frame::write(b'K', &mut out, |out| {
        out.extend_from_slice(&handle.process_id.to_be_bytes());
        out.extend_from_slice(&handle.secret);
    });
    out.extend_from_slice(b"Z\0\0\0\x05I");
    // Who is gone by now is noticed when it says nothing.
    let _ = stream.write_all(&out).await;
    Ok(client)
}

/// A connection in the tenant; tried again once where the registry has moved on.
async fn enter(client: &mut Client) -> Result<Loan, Refusal> {
    let mut again = true;
    loop {
        let mut loan = client.borrow().await?;
        if loan.link().is_ok_and(|link| link.is_at(&client.place)) {
            return Ok(loan);
        }
        match loan.enter(&client.route(), &client.place).await {
            Ok(()) => return Ok(loan),
            Err(Error::Switch(report))
                if again && matches!(report.code.as_str(), "40001" | "3D000") =>
            {
                again = false;
                client.forget_route();
            }
            Err(error) => return Err(refusal_for(&error)),
        }
    }
}

/// ParameterStatus. The server knows the gateway's login; the client is told its own.
fn report(parameter: &Parameter, login: &str, out: &mut Vec<u8>) {
    let value = match parameter.name.as_str() {
        "session_authorization" => login,
        _ => &parameter.value,
    };
    frame::write(b'S', out, |out| {
        for text in [parameter.name.as_str(), value] {
            out.extend_from_slice(text.as_bytes());
            out.push(0);
        }
    });
}
