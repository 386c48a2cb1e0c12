//! The HTTP client.

use std::path::PathBuf;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::variable;
use crate::{Error, Result};

const USER_AGENT: &str = concat!("wardrobe/", env!("CARGO_PKG_VERSION"));

/// A client that gives up where the other side is silent for so long. It takes its proxy from the environment, and
/// leaves redirects and refusals to the caller, who learns from their headers.
pub(super) fn agent(silence: Duration) -> Result<Agent> {
    let config = Agent::config_builder()
        .user_agent(USER_AGENT)
        // A file is asked for from some byte on, and so as it is.
        .accept_encoding("identity")
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_connect(Some(silence))
        .timeout_recv_response(Some(silence))
        .timeout_per_read(Some(silence));
    Ok(match certificates()? {
        None => config.build().into(),
        Some(roots) => {
            let tls = TlsConfig::builder().root_certs(roots).build();
            config.tls_config(tls).build().into()
        }
    })
}

/// The certificates of `SSL_CERT_FILE`, as companies have whose proxies read along.
fn certificates() -> Result<Option<RootCerts>> {
    let Some(path) = variable("SSL_CERT_FILE").map(PathBuf::from) else {
        return Ok(None);
    };
    let pem = match std::fs::read(&path) {
        Ok(pem) => pem,
        Err(source) => return Err(Error::Read { path, source }),
    };
    let certificates: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        let (value, expected) = (path.display().to_string(), "a file of PEM certificates");
        return Err(super::unusable("SSL_CERT_FILE", value, expected));
    }
    Ok(Some(RootCerts::from(certificates)))
}
